"""The figure profit: income by each branch's declared rule, expense by category, and what is left."""

from collections.abc import Mapping
from datetime import date

from hq.figures import facts, memo
from hq.figures.answers import answered
from hq.figures.assemble import Part, Plan, branch_figure, company_figure
from hq.figures.cells import Sums, Want
from hq.figures.freshness import Branch, Directory, directory
from hq.figures.people import Place, names_of, place_of, unit_of
from hq.figures.shape import Column, Figure, Question, Value
from hq.figures.units import month_of, require_by, scope_of
from hq.figures.workings import Workings
from shared import figures
from shared.database import fetch_all
from shared.i18n import N_, active_locale, gettext

INCOME, EXPENSE, PROFIT = N_("Income"), N_("Expense"), N_("Operating profit")

COLUMNS = (
    Column("income", INCOME, better="higher", title=N_("By the rule of the branch, named on each row.")),
    Column("expense", EXPENSE, better="lower", title=N_("Approved expenses by their business date.")),
    Column("profit", PROFIT, better="higher", title=N_("Income less expense of the same days.")),
)

PLAN = Plan(
    COLUMNS,
    money=("gained", "lost", "expense"),
    derive=lambda row: {
        "income": row["gained"] - row["lost"],
        "profit": figures.operating_profit(row["gained"] - row["lost"], row["expense"]),
    },
)
"""`gained` and `lost` are what income is made of (ordered and cancelled), converted apart as in the figure sales."""


def wants(first: date | None, last: date | None) -> list[Want]:
    """What income may be made of, and expense."""
    names = ("ordered", "cancelled", "shipped", "receipts", "expense")
    return [Want(name, name, first, last) for name in names]


def with_income(row: Sums, rule: str) -> dict[str, int]:
    """The primitives of PLAN: what income by the rule is made of, and expense."""

    def part(**amounts: int) -> int:
        return figures.income(
            rule, **{**dict.fromkeys(("ordered", "cancelled", "shipped", "receipts"), 0), **amounts}
        )

    gained = part(ordered=row["ordered"], shipped=row["shipped"], receipts=row["receipts"])
    return {"gained": gained, "lost": -part(cancelled=row["cancelled"]), "expense": row["expense"]}


async def profit(question: Question, branches: Directory | None = None) -> Figure:
    """Income, expense and operating profit of a span (default: this month). Rows: branches; of a branch its income
    and its expense categories, or departments, employees or months, by `by`."""
    branches = branches or await directory(question)
    first, last = month_of(question)
    if question.unit.kind in ("company", "region"):
        figure = await answered(
            "profit", question, branches, lambda known: of_each_branch(question, branches, first, last, known)
        )
    else:
        place = await place_of(question.unit, branches)
        parts = await parts_within(question, place, first, last)
        parts.sort(key=lambda part: (-part.sums["gained"], -part.sums["expense"], part.name))
        figure = await branch_figure("profit", question, place, parts, PLAN, last)
    return figure.asked_as(first=first, last=last)


async def of_each_branch(
    question: Question, branches: Directory, first: date, last: date, known: Workings
) -> Figure:
    """One row for each branch, with the rule of its income."""
    rules = {branch.code: branch.income_rule for branch in branches.branches}
    scope = scope_of(question, branches.codes)
    sums = await memo.by_branch(
        branches, lambda _today: wants(first, last), branches.date_groups(first), scope
    )
    rows = {code: with_income(row, rules.get(code, "approval")) for code, row in sums.items()}

    def finish(branch: Branch, values: dict[str, Value]) -> None:
        values["rule"] = branch.income_rule

    return await company_figure("profit", question, branches, rows, PLAN, last, finish, workings=known)


async def parts_within(question: Question, place: Place, first: date, last: date) -> list[Part]:
    """The rows of a unit within a branch; they add up to its total."""
    by = require_by(question.by or "category", ("category", "department", "employee", "month"))
    among = facts.Among(place.branch.code, place.unit, question.known_at)
    rule = place.branch.income_rule
    if by == "category":
        return await by_category(place.branch, among, first, last)
    keyed = await facts.sums(wants(first, last), by, among)  # type: ignore[arg-type]
    if by == "month":
        return [Part(f"month:{key}", key, with_income(row, rule)) for key, row in keyed.items()]
    names = await names_of(by, list(keyed))
    rows = {key: with_income(row, rule) for key, row in keyed.items()}
    return [
        Part(unit_of(by, key, place.branch.code), names[key], row)
        for key, row in rows.items()
        if any(row.values())
    ]


async def by_category(branch: Branch, among: facts.Among, first: date, last: date) -> list[Part]:
    """One row for all income, one for each category of expense."""
    keyed = await facts.sums(wants(first, last), "dim", among)
    totals: dict[str, int] = {}
    for row in keyed.values():
        for name, number in row.items():
            totals[name] = totals.get(name, 0) + number
    labels = await category_labels()
    parts = []
    if totals:
        income = {**with_income(totals, branch.income_rule), "expense": 0}
        parts.append(Part("income", gettext(INCOME), income))
    for key, row in keyed.items():
        if row["expense"]:
            parts.append(
                Part(
                    f"category:{key}",
                    labels.get(key, key),
                    {"gained": 0, "lost": 0, "expense": row["expense"]},
                )
            )
    return parts


async def category_labels() -> Mapping[str, str]:
    """Names of expense categories by code, in the reader's language."""
    rows = await fetch_all("SELECT code, label, label_en FROM expense_category WHERE deleted_at IS NULL")
    is_english = active_locale() == "en"
    return {str(row["code"]): str((is_english and row["label_en"]) or row["label"]) for row in rows}
