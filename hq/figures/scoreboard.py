"""All measures of every branch side by side in one statement: what overview, comparison and branch pages show.

The same definitions and the same conversion as the single figures, so that a number here equals the page it leads to.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property

from hq.figures import memo
from hq.figures.aims import VISITS, Aim, Aims, aims_on
from hq.figures.answers import answered
from hq.figures.assemble import NOTHING, Plan, company_figure
from hq.figures.cells import Sums, Want
from hq.figures.freshness import Branch, Directory, directory
from hq.figures.rates import conversion
from hq.figures.receivables import bucket_wants, taken_back
from hq.figures.receivables import wants as receivable_wants
from hq.figures.rules import SAME, Conversion
from hq.figures.shape import BASE, Column, Figure, Line, Question, Value, Watermark
from hq.figures.staff import SUBMITTED, head_counts
from hq.figures.units import month_of, named_period, scope_of
from hq.figures.workings import Running, Workings
from shared import figures
from shared.i18n import N_
from shared.periods import Month, Period, Quarter, Year, add_months

MONEY = (
    "ordered", "cancelled", "gained", "lost", "expense", "receipts", "remaining", "not_due", "py_ordered",
    "py_cancelled", "py_gained", "py_lost", "py_expense", "py_receipts", "remaining_before", "year_ordered",
    "year_cancelled",
)  # fmt: skip
COUNTS = (
    "orders", "customers_new", "customers_signed", "followups", "visits", "py_customers_new", "py_customers_signed",
    "py_followups", "py_visits", "plans", "staff", "planned", "done", "followups_today", "overdue_contacts",
    "plans_before", "followups_before",
)  # fmt: skip

COLUMNS = (
    Column("sales", N_("Sales"), better="higher"),
    Column("target", N_("Target")),
    Column("gap", N_("Gap to plan"), better="higher"),
    Column("completion", N_("Plan completion"), "share", "higher"),
    Column("py_sales", N_("Last year"), better="higher"),
    Column("orders", N_("Orders"), "count", "higher"),
    Column("income", N_("Income"), better="higher"),
    Column("expense", N_("Expense"), better="lower"),
    Column("profit", N_("Operating profit"), better="higher"),
    Column("receipts", N_("Receipts"), better="higher"),
    Column("remaining", N_("Remaining"), better="lower"),
    Column("overdue", N_("Overdue"), better="lower"),
    Column("overdue_share", N_("Overdue share"), "share", "lower"),
    Column("year_sales", N_("Sales of the year"), better="higher"),
    Column("year_target", N_("Target of the year")),
    Column("year_completion", N_("Year plan"), "share", "higher"),
    Column("customers_new", N_("New customers"), "count", "higher"),
    Column("customers_signed", N_("Signed customers"), "count", "higher"),
    Column("followups", N_("Follow-ups"), "count", "higher"),
    Column("visits", N_("Visits"), "count", "higher"),
    Column("followups_today", N_("Follow-ups today"), "count", "higher"),
    Column("overdue_contacts", N_("Contacts overdue"), "count", "lower"),
    Column("staff", N_("Staff"), "count"),
    Column("plans", N_("Plans in today"), "count", "higher"),
    Column("planned", N_("Planned"), "count"),
    Column("done", N_("Done"), "count", "higher"),
    *(Column(f"py_{key}", N_("Last year")) for key in ("income", "expense", "profit", "receipts")),
    *(
        Column(f"py_{key}", N_("Last year"), "count")
        for key in ("customers_new", "customers_signed", "followups", "visits")
    ),
    *(Column(f"goal_{key}", N_("Target")) for key in ("income", "expense", "profit", "receipts")),
    *(
        Column(f"goal_{key}", N_("Target"), "count")
        for key in ("customers_new", "customers_signed", "followups", "visits")
    ),
    Column("remaining_before", N_("End of the month before")),
    Column("plans_before", N_("A week before"), "count"),
    Column("followups_before", N_("A week before"), "count"),
)
TARGETED = ("target", "gap", "completion", "year_target", "year_completion")
GOALS = {
    "income": "income", "expense": "expense", "profit": "profit", "receipts": "receipts",
    "customers_new": "customers_new", "customers_signed": "customers_signed", "followups": "activities",
    "visits": "visits",
}  # fmt: skip
"""Measure of the board -> measure that targets are set on, beside sales."""
AIMED = ("sales", *GOALS.values())


def derive(row: Mapping[str, int]) -> dict[str, Value]:
    """What follows from the primitives; targets are added per unit."""
    income, py_income = row["gained"] - row["lost"], row["py_gained"] - row["py_lost"]
    overdue = row["remaining"] - row["not_due"]
    return {
        "sales": figures.sales(row["ordered"], row["cancelled"]),
        "py_sales": figures.sales(row["py_ordered"], row["py_cancelled"]),
        "year_sales": figures.sales(row["year_ordered"], row["year_cancelled"]),
        "income": income,
        "profit": figures.operating_profit(income, row["expense"]),
        "py_income": py_income,
        "py_profit": figures.operating_profit(py_income, row["py_expense"]),
        "overdue": overdue,
        "overdue_share": figures.completion_bp(overdue, row["remaining"]) if row["remaining"] > 0 else None,
        **UNAIMED,
    }


UNAIMED: Mapping[str, Value] = dict.fromkeys((*TARGETED, *(f"goal_{key}" for key in GOALS)))
PLAN = Plan(COLUMNS, MONEY, COUNTS, derive)
WEEK = timedelta(days=7)


def wants(first: date, last: date, today: date) -> list[Want]:
    """Everything of one branch: the span, the same span of last year, the year, what was owed at its end (today, while it
    runs), and today's work."""
    then = (add_months(first, -12), same_end(first, last))
    year = Year.containing(last)
    found = span_wants(first, last)
    found += [replace(want, name=f"py_{want.name}") for want in span_wants(*then)]
    found += [
        Want("orders", "ordered", first, last, "n"),
        Want("year_ordered", "ordered", year.first, year.last),
        Want("year_cancelled", "cancelled", year.first, year.last),
        Want("plans", "plans", today, today, "n", SUBMITTED),
        Want("plans_before", "plans", today - WEEK, today - WEEK, "n", SUBMITTED),
        Want("planned", "plan_items", today, today, "n"),
        Want("done", "plan_items", today, today, "n", frozenset({"done"})),
        Want("followups_today", "activities", today, today, "n"),
        Want("followups_before", "activities", today - WEEK, today - WEEK, "n"),
        Want("overdue_contacts", "customers_by_next_contact", None, today - timedelta(days=1), "n"),
    ]
    owed_on = min(last, today)
    for prefix, day in (("all", owed_on), ("before", Month.containing(owed_on).first - timedelta(days=1))):
        found += [
            replace(want, name=f"{prefix}_{want.name}") for want in receivable_wants(day) if want.name in OWED
        ]
    return found


OWED = ("due", "received", "credited", "written_off")


def span_wants(first: date, last: date) -> list[Want]:
    """What is compared with the same days of last year."""
    return [
        *(Want(name, name, first, last) for name in ("ordered", "cancelled", "shipped", "expense")),
        Want("span_receipts", "receipts", first, last),
        Want("customers_new", "customers_new", first, last, "n"),
        Want("customers_signed", "customers_signed", first, last, "n"),
        Want("followups", "activities", first, last, "n"),
        Want("visits", "activities", first, last, "n", VISITS),
    ]


def same_end(first: date, last: date) -> date:
    """The end of the same span of last year; a whole month stays whole in leap years."""
    whole_month = Month.containing(last)
    if whole_month.last == last:
        return whole_month.same_of_last_year().last
    return add_months(last, -12)


def primitives(row: Sums, not_due: int, staff: int, rule: str) -> dict[str, int]:
    """The primitives of PLAN from the sums of one branch."""
    found = {**row, "not_due": not_due, "staff": staff}
    for prefix in ("", "py_"):
        receipts = row[f"{prefix}span_receipts"]
        parts = {"ordered": row[f"{prefix}ordered"], "shipped": row[f"{prefix}shipped"], "receipts": receipts}
        found[f"{prefix}gained"] = figures.income(rule, **parts, cancelled=0)
        lost = figures.income(rule, ordered=0, shipped=0, receipts=0, cancelled=row[f"{prefix}cancelled"])
        found[f"{prefix}lost"], found[f"{prefix}receipts"] = -lost, receipts
    found["remaining"] = figures.remaining(*(row[f"all_{name}"] for name in OWED))
    found["remaining_before"] = figures.remaining(*(row[f"before_{name}"] for name in OWED))
    return found


@dataclass(frozen=True)
class Board:
    """Every branch with all measures, how fresh it is, and the rates of the board."""

    figure: Figure
    branches: Directory
    rates: Conversion

    @property
    def question(self) -> Question:
        return self.figure.question

    @cached_property
    def marks(self) -> Mapping[str, Watermark]:
        """How far the data of each branch reaches."""
        return {mark.branch: mark for mark in self.figure.watermarks}

    @property
    def owed_as_of(self) -> date | None:
        """The day that receivables are shown as of: the end of a span that is over; None for today."""
        last = self.question.last
        return last if last is not None and last < self.question.house.today() else None

    def column(self, key: str) -> list[int | None]:
        """One measure of every branch, in the order of the rows."""
        return [line.values[key] for line in self.figure.rows]  # type: ignore[misc]


async def scoreboard(question: Question) -> Board:
    """The board of a span (default: this month). The number of statements does not depend on branches or facts."""
    branches = await directory(question)
    first, last = month_of(question)
    question = replace(question, first=first, last=last)
    held = await aims_on(last, AIMED, branches.own_seq, known_at=question.known_at)
    rates = await rates_of(question, branches, held)
    figure = await answered(
        "scoreboard", question, branches, lambda known: lines_of(question, branches, held, rates, known)
    )
    return Board(figure, branches, rates)


async def rates_of(question: Question, branches: Directory, held: Mapping[str, Aims]) -> Conversion:
    """The rates that branches and targets need; base converts into the branches' own currency."""
    last = question.last
    assert last is not None
    currency = question.currency
    if currency == BASE:
        currency = next(iter(branches.currencies), question.house.currency)
    currencies = {*branches.currencies, *(aim.currency for aims in held.values() for aim in aims.values())}
    return await conversion(currencies, currency, last, question.known_at)


async def read(
    question: Question, branches: Directory, scope: frozenset[str] | None
) -> tuple[dict[str, Sums], Mapping[str, Sums]]:
    """The cells of the branches in `scope`: all measures with what is not due yet, and what of that took effect later."""
    first, last = question.first, question.last
    assert first is not None
    assert last is not None
    groups = branches.date_groups()

    def all_wants(today: date) -> list[Want]:
        not_due = [want for want in bucket_wants(min(last, today)) if want.name == "not_due"]
        return [*wants(first, last, today), *not_due]

    sums = await memo.by_branch(branches, all_wants, groups, scope)
    owed_on = [replace(group, today=min(last, group.today)) for group in groups]
    return sums, await taken_back(branches, {}, owed_on, scope, question.known_at)


async def lines_of(
    question: Question, branches: Directory, held: Mapping[str, Aims], rates: Conversion, known: Workings
) -> Figure:
    """The lines of the board and its total."""
    last = question.last
    assert last is not None
    scope = scope_of(question, branches.codes)
    sums, later = await read(question, branches, scope)
    staff = await head_counts(branches, scope)
    made = known.step("row")
    rows: dict[str, Sums] = {}
    for branch in branches.branches:
        code = branch.code
        if (row := sums.get(code)) is not None:
            not_due = row["not_due"] + later.get(code, NOTHING).get("not_due", 0)
            made_of = (row, not_due, staff.get(code, 0), branch.income_rule)
            rows[code] = made.of(code, made_of, primitives, *made_of)
    for code in staff.keys() - rows.keys():
        rows[code] = {**dict.fromkeys((*MONEY, *COUNTS), 0), "staff": staff[code]}
    block = block_of(question)

    def finish(branch: Branch, values: dict[str, Value]) -> None:
        key = ("branch", branch.code)
        add_goals(values, *goals_of(held["sales"].get(key), rates, block))
        add_other_goals(values, held, key, rates, block)

    figure = await company_figure(
        "scoreboard", question, branches, rows, PLAN, last, finish, rates, known, (held, block)
    )
    goals = known.running("goals").take({line.branch: line.values for line in figure.rows})
    return replace(figure, total=total_of(figure, goals, held, rates, is_whole=scope is None))


def total_of(
    figure: Figure, goals: Running, held: Mapping[str, Aims], rates: Conversion, *, is_whole: bool
) -> Line:
    """The total with the company's own targets where it has any and the reader sees all of it, else those of the rows added up."""
    block = block_of(figure.question)
    own = held["sales"].get(("company", "")) if is_whole else None
    values = dict(figure.total.values)
    summed = goals.known("target"), goals.known("year_target")
    add_goals(values, *(goals_of(own, rates, block) if own else summed))
    for key in GOALS:
        values[f"goal_{key}"] = goals.known(f"goal_{key}")
    if is_whole:
        add_other_goals(values, held, ("company", ""), rates, block)
    return figure.total._replace(values=values)


def add_other_goals(
    values: dict[str, Value],
    held: Mapping[str, Aims],
    unit: tuple[str, str],
    rates: Conversion,
    block: str,
) -> None:
    """The targets of one unit on the other measures, where it has any."""
    for key, measure in GOALS.items():
        if (aim := held[measure].get(unit)) is not None:
            values[f"goal_{key}"] = goals_of(aim, rates, block)[0]


def goals_of(aim: Aim | None, rates: Conversion, block: str) -> tuple[int | None, int | None]:
    """The target of the span and of the year, converted (counts are not); unknown where there is none or no rate."""
    if aim is None:
        return None, None
    rate = rates.rate(aim.currency) if aim.currency else SAME
    if rate is None:
        return None, None
    goal, year = aim.amounts.get(block), aim.amounts["year"]
    return None if goal is None else rate.of(goal), None if year is None else rate.of(year)


def block_of(question: Question) -> str:
    """Which of a target's spans the question's days are: month, quarter or year; '' for any other."""
    first, last = question.first, question.last
    assert first is not None
    assert last is not None
    blocks: Mapping[type[Period], str] = {Month: "month", Quarter: "quarter", Year: "year"}
    return blocks.get(type(named_period(first, last)), "")


def add_goals(values: dict[str, Value], goal: int | None, year: int | None) -> None:
    """Targets, gap and completion beside what was sold."""
    sales, year_sales = values["sales"], values["year_sales"]
    values["target"], values["year_target"] = goal, year
    if isinstance(sales, int) and goal is not None:
        values["gap"], values["completion"] = sales - goal, figures.completion_bp(sales, goal)
    if isinstance(year_sales, int) and year is not None:
        values["year_completion"] = figures.completion_bp(year_sales, year)
