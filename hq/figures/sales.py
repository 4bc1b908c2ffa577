"""The figure sales: ordered, cancelled and net, each on its own business date, by branch of the order."""

from collections.abc import Mapping
from datetime import date

from hq.figures import cells, facts, memo
from hq.figures.answers import answered
from hq.figures.assemble import Part, Plan, branch_figure, company_figure
from hq.figures.cells import Sums, Want
from hq.figures.freshness import Directory, directory
from hq.figures.people import names_of, place_of, unit_of
from hq.figures.shape import Column, Figure, Question
from hq.figures.units import month_of, require_by, scope_of
from hq.figures.workings import Workings
from shared import figures
from shared.i18n import N_

COLUMNS = (
    Column("orders", N_("Orders"), "count", "higher"),
    Column("ordered", N_("Ordered"), better="higher", title=N_("Approved orders by approval date.")),
    Column("cancelled_orders", N_("Cancelled orders"), "count", "lower"),
    Column("cancelled", N_("Cancelled"), better="lower", title=N_("Orders cancelled after approval, on the date of cancelling.")),
    Column("sales", N_("Sales"), better="higher", title=N_("Ordered less cancelled; by branch of the order.")),
)  # fmt: skip

PLAN = Plan(
    COLUMNS,
    money=("ordered", "cancelled"),
    counts=("orders", "cancelled_orders"),
    derive=lambda row: {"sales": figures.sales(row["ordered"], row["cancelled"])},
)


def wants(first: date | None, last: date | None) -> list[Want]:
    """The primitive columns of a span."""
    return [
        Want("ordered", "ordered", first, last),
        Want("cancelled", "cancelled", first, last),
        Want("orders", "ordered", first, last, "n"),
        Want("cancelled_orders", "cancelled", first, last, "n"),
    ]


async def sales(question: Question) -> Figure:
    """Sales of a span (default: this month). Rows: branches; below a branch its employees, departments, customers
    or months, by `by`."""
    branches = await directory(question)
    first, last = month_of(question)
    if question.unit.kind in ("company", "region"):
        figure = await answered(
            "sales", question, branches, lambda known: by_each_branch(question, branches, first, last, known)
        )
    else:
        figure = await below_branch(question, branches, first, last)
    return figure.asked_as(first=first, last=last)


async def by_each_branch(
    question: Question, branches: Directory, first: date, last: date, known: Workings
) -> Figure:
    """One row for each branch."""
    scope = scope_of(question, branches.codes)
    sums = await memo.by_branch(
        branches, lambda _today: wants(first, last), branches.date_groups(first), scope
    )
    return await company_figure("sales", question, branches, sums, PLAN, last, workings=known)


async def below_branch(question: Question, branches: Directory, first: date, last: date) -> Figure:
    """The rows within a branch, a department, or of one person or customer."""
    place = await place_of(question.unit, branches)
    default = "order" if question.unit.kind == "customer" else "employee"
    by = require_by(question.by or default, ("employee", "department", "customer", "month", "order"))
    code = place.branch.code
    keyed: Mapping[str, Sums]
    if by in ("employee", "department") and question.unit.kind == "branch":
        keyed = by_key(
            await cells.by_person(wants(first, last), question.house.today(), code, question.known_at), by
        )
    else:
        keyed = await facts.sums(wants(first, last), by, facts.Among(code, question.unit, question.known_at))  # type: ignore[arg-type]
    parts = await parts_of(by, keyed, code)
    parts.sort(key=lambda part: part.sums["cancelled"] - part.sums["ordered"])
    page = parts[question.offset : question.offset + question.limit]
    total = totals(parts)
    return await branch_figure("sales", question, place, page, PLAN, last, total=total, count=len(parts))


def by_key(keyed: Mapping[tuple[str, str], Sums], by: str) -> dict[str, dict[str, int]]:
    """Sums per employee or per department from sums per (department, employee)."""
    found: dict[str, dict[str, int]] = {}
    for (department, employee), row in keyed.items():
        held = found.setdefault(employee if by == "employee" else department, {})
        for name, number in row.items():
            held[name] = held.get(name, 0) + number
    return found


async def parts_of(by: str, keyed: Mapping[str, Sums], branch: str) -> list[Part]:
    """Rows with their names; rows in which nothing happened are left out."""
    alive = {key: row for key, row in keyed.items() if any(row.values())}
    if by == "month":
        return [Part(f"month:{key}", key, row) for key, row in alive.items()]
    if by == "order":
        return [Part(f"order:{key}", key, row) for key, row in alive.items()]
    names = await names_of(by, list(alive))
    return [Part(unit_of(by, key, branch), names[key], row) for key, row in alive.items()]


def totals(parts: list[Part]) -> dict[str, int]:
    """Column sums of all parts."""
    found: dict[str, int] = {}
    for part in parts:
        for name, number in part.sums.items():
            found[name] = found.get(name, 0) + number
    return found
