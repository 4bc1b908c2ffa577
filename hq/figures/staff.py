"""The figure staff-activity: what every person planned, did and brought in on the branch's own day."""

from collections.abc import Mapping
from datetime import date

from hq.figures import cells, memo
from hq.figures.answers import answered
from hq.figures.assemble import Part, Plan, branch_figure, company_figure
from hq.figures.cells import Sums, Want
from hq.figures.freshness import Branch, Directory, directory
from hq.figures.people import NOBODY, UNKNOWN, Place, place_of, unit_of
from hq.figures.sales import by_key
from hq.figures.shape import Column, Figure, Question, Value
from hq.figures.targets import within
from hq.figures.units import month_of, require_by, scope_of
from hq.figures.workings import Workings
from shared.database import fetch_all
from shared.i18n import N_, gettext

SUBMITTED = frozenset({"submitted", "closed"})
ACTIVITY_KINDS: Mapping[str, str] = {
    "call": N_("Calls"),
    "visit": N_("Visits"),
    "mail": N_("Mails"),
    "message": N_("Messages"),
    "meeting": N_("Meetings"),
}
CONTACTS: Mapping[str, str] = {
    "call": N_("Call"),
    "visit": N_("Visit"),
    "mail": N_("Mail"),
    "message": N_("Message"),
    "meeting": N_("Meeting"),
}
"""What one contact with a customer is called."""

COLUMNS = (
    Column("staff", N_("Staff"), "count"),
    Column("plans", N_("Plans in"), "count", "higher", N_("Daily plans submitted.")),
    Column("planned", N_("Planned"), "count", title=N_("Items on daily plans, whatever became of them.")),
    Column("done", N_("Done"), "count", "higher"),
    Column("carried_over", N_("Carried over"), "count", "lower"),
    Column("cancelled_items", N_("Cancelled"), "count"),
    Column("open_items", N_("Open"), "count", "lower"),
    Column("followups", N_("Follow-ups"), "count", "higher"),
    *(Column(f"kind_{kind}", label, "count", "higher") for kind, label in ACTIVITY_KINDS.items()),
    Column("customers_new", N_("New customers"), "count", "higher"),
    Column("orders", N_("Orders"), "count", "higher"),
    Column("ordered", N_("Ordered"), better="higher"),
    Column("receipts", N_("Receipts"), better="higher"),
)

COUNTS = tuple(column.key for column in COLUMNS if column.kind == "count")
PLAN = Plan(COLUMNS, money=("ordered", "receipts"), counts=COUNTS)


def wants(first: date, last: date) -> list[Want]:
    """The columns of a span of days, except how many people there are."""

    def items(*states: str) -> frozenset[str]:
        return frozenset(states)

    return [
        Want("plans", "plans", first, last, "n", SUBMITTED),
        Want("planned", "plan_items", first, last, "n"),
        Want("done", "plan_items", first, last, "n", items("done")),
        Want("carried_over", "plan_items", first, last, "n", items("carried_over")),
        Want("cancelled_items", "plan_items", first, last, "n", items("cancelled")),
        Want("open_items", "plan_items", first, last, "n", items("planned")),
        Want("followups", "activities", first, last, "n"),
        *(Want(f"kind_{kind}", "activities", first, last, "n", items(kind)) for kind in ACTIVITY_KINDS),
        Want("customers_new", "customers_new", first, last, "n"),
        Want("orders", "ordered", first, last, "n"),
        Want("ordered", "ordered", first, last),
        Want("receipts", "receipts", first, last),
    ]


async def staff_activity(question: Question) -> Figure:
    """Activity of a day (default: each branch's own today) or a span. Rows: branches; of a branch its people, also
    those who did nothing."""
    branches = await directory(question)
    span = month_of(question) if question.first or question.last else None
    on = span[1] if span else question.house.today()
    if question.unit.kind in ("company", "region"):
        figure = await answered(
            "staff-activity",
            question,
            branches,
            lambda known: in_each_branch(question, branches, span, on, known),
        )
        return figure.asked_as(first=span[0], last=span[1]) if span else figure
    return await below_branch(question, branches, span)


async def in_each_branch(
    question: Question, branches: Directory, span: tuple[date, date] | None, on: date, known: Workings
) -> Figure:
    """One row for each branch, on its own day."""
    scope = scope_of(question, branches.codes)
    groups = branches.date_groups(span[0] if span else None)
    sums = await memo.by_branch(branches, lambda today: wants(*(span or (today, today))), groups, scope)
    people = await head_counts(branches, scope)
    rows = {code: with_staff(sums.get(code), people.get(code, 0)) for code in {*sums, *people}}

    def finish(branch: Branch, values: dict[str, Value]) -> None:
        values["own_date"] = span[1] if span else branch.today

    return await company_figure("staff-activity", question, branches, rows, PLAN, on, finish, workings=known)


async def below_branch(question: Question, branches: Directory, span: tuple[date, date] | None) -> Figure:
    """One row for each person of the unit; what belongs to nobody has a row of its own."""
    place = await place_of(question.unit, branches)
    first, last = span or (place.branch.today, place.branch.today)
    by = require_by(question.by or "employee", ("employee", "department"))
    code = place.branch.code
    personal = await cells.by_person(wants(first, last), question.house.today(), code, question.known_at)
    keyed = by_key(within(personal, place.unit), by)
    parts = await people_parts(place, by, keyed)
    parts.sort(key=lambda part: (part.sums["plans"] > 0, -part.sums["open_items"], part.name))
    total = {key: sum(int(part.sums.get(key) or 0) for part in parts) for key in (*COUNTS, *PLAN.money)}
    page = parts[question.offset : question.offset + question.limit]
    figure = await branch_figure(
        "staff-activity", question, place, page, PLAN, last, total=total, count=len(parts)
    )
    return figure.asked_as(first=first, last=last)


def with_staff(row: Sums | None, count: int) -> dict[str, int]:
    return {**(row or {}), "staff": count}


async def head_counts(branches: Directory, scope: frozenset[str] | None) -> dict[str, int]:
    """Active employees by branch; read again of branches that have moved."""
    return await memo.by_position(branches, ("people",), scope, count_people)


async def count_people(scope: frozenset[str] | None) -> dict[str, int]:
    """The same, read now."""
    condition = " AND branch IN :codes" if scope is not None else ""
    rows = await fetch_all(
        f"SELECT branch, COUNT(*) AS people FROM employee WHERE active AND deleted_at IS NULL{condition} GROUP BY branch",
        codes=sorted(scope or ()),
    )
    return {str(row["branch"]): int(row["people"]) for row in rows}


async def people_parts(place: Place, by: str, keyed: Mapping[str, Sums]) -> list[Part]:
    """Everybody employed in the unit (or its departments with their head count), and who else did something."""
    people = await fetch_all(
        "SELECT e.id, e.name, e.position, e.department_id, e.active, d.name AS department FROM employee e "
        "LEFT JOIN department d ON d.id = e.department_id WHERE e.branch = :code AND e.deleted_at IS NULL",
        code=place.branch.code,
    )
    names: dict[str, str] = {"": gettext(NOBODY)}
    counts: dict[str, int] = {}
    extras: dict[str, dict[str, Value]] = {}
    for row in people:
        person, department = str(row["id"]), str(row["department_id"] or "")
        key = person if by == "employee" else department
        names[key] = str(row["name"]) if by == "employee" else str(row["department"] or gettext(NOBODY))
        extras[key] = {"position": str(row["position"]), "department": str(row["department"] or "")}
        if row["active"] and is_of(place, person, department):
            counts[key] = counts.get(key, 0) + 1
    alive = {key for key, sums in keyed.items() if any(sums.values())}
    code = place.branch.code
    return [
        Part(
            unit_of(by, key, code),
            names.get(key, gettext(UNKNOWN)),
            filled(keyed.get(key, {}), counts.get(key, 0)),
            extras.get(key) if by == "employee" else None,
        )
        for key in {*counts, *alive}
    ]


def is_of(place: Place, person: str, department: str) -> bool:
    """Whether somebody belongs to the unit that is asked for."""
    if place.unit.kind == "department":
        return department == place.unit.key
    if place.unit.kind == "employee":
        return person == place.unit.key
    return place.unit.kind == "branch"


def filled(sums: Sums, staff: int) -> dict[str, int]:
    """The primitives with 0 for what nobody did."""
    return {**{key: int(sums.get(key) or 0) for key in (*COUNTS, *PLAN.money)}, "staff": staff}
