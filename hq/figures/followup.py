"""The figure follow-up: which customers were touched, are overdue for the next contact, or fell silent."""

from collections.abc import Sequence
from datetime import date, timedelta

from hq.figures import facts, memo
from hq.figures.answers import answered
from hq.figures.assemble import Part, Plan, branch_figure, company_figure
from hq.figures.cells import Want
from hq.figures.freshness import Directory, directory
from hq.figures.people import names_of, place_of, unit_of
from hq.figures.shape import Column, Figure, Question
from hq.figures.units import month_of, require_by, scope_of
from hq.figures.workings import Workings
from shared.database import fetch_all
from shared.i18n import N_

COLUMNS = (
    Column("followups", N_("Follow-ups"), "count", "higher", N_("Contacts with customers in these days.")),
    Column(
        "touched", N_("Touched"), "count", "higher", N_("Customers whose last contact lies in these days.")
    ),
    Column("due_today", N_("Due today"), "count", "none", N_("The next contact is due today.")),
    Column("overdue", N_("Overdue"), "count", "lower", N_("The next contact was due before today.")),
    Column(
        "silent",
        N_("Silent"),
        "count",
        "lower",
        N_("The last contact is longer ago than the company allows."),
    ),
    Column(
        "never", N_("Never contacted"), "count", "lower", N_("Prospects and customers without any contact.")
    ),
)

PLAN = Plan(COLUMNS, money=(), counts=tuple(column.key for column in COLUMNS))

OPEN = "merged_into_id IS NULL AND deleted_at IS NULL AND status IN ('prospect', 'customer')"


def wants(first: date, last: date, today: date, silent_days: int) -> list[Want]:
    """The columns that the rollup knows."""
    return [
        Want("followups", "activities", first, last, "n"),
        Want("touched", "customers_by_last_contact", first, last, "n"),
        Want("due_today", "customers_by_next_contact", today, today, "n"),
        Want("overdue", "customers_by_next_contact", None, today - timedelta(days=1), "n"),
        Want("silent", "customers_by_last_contact", None, today - timedelta(days=silent_days + 1), "n"),
    ]


async def follow_up(question: Question, branches: Directory | None = None) -> Figure:
    """Follow-up of a span (default: this month), overdue and silent as of each branch's own today. Rows: branches;
    below a branch its employees or departments."""
    branches = branches or await directory(question)
    first, last = month_of(question)
    days = question.house.silent_days
    if question.unit.kind in ("company", "region"):
        figure = await answered(
            "follow-up",
            question,
            branches,
            lambda known: by_each_branch(question, branches, first, last, known),
        )
        return figure.asked_as(first=first, last=last)
    place = await place_of(question.unit, branches)
    by = require_by(question.by or "employee", ("employee", "department"))
    today = question.as_of or place.branch.today
    code = place.branch.code
    among = facts.Among(code, place.unit, question.known_at)
    keyed = await facts.sums(wants(first, last, today, days), by, among)  # type: ignore[arg-type]
    never = await never_contacted(by, frozenset({code}), facts.Among(code, place.unit))
    names = await names_of(by, [*keyed, *never])
    parts = [
        Part(unit_of(by, key, code), names[key], {**keyed.get(key, {}), "never": never.get(key, 0)})
        for key in {*keyed, *never}
    ]
    parts.sort(key=lambda part: (-int(part.sums.get("overdue") or 0), part.name))
    figure = await branch_figure("follow-up", question, place, parts, PLAN, last)
    return figure.asked_as(first=first, last=last)


async def by_each_branch(
    question: Question, branches: Directory, first: date, last: date, known: Workings
) -> Figure:
    """One row for each branch."""
    scope, days = scope_of(question, branches.codes), question.house.silent_days
    groups = branches.date_groups(question.as_of)
    sums = await memo.by_branch(branches, lambda today: wants(first, last, today, days), groups, scope)
    never = await never_contacted("branch", scope)
    rows = {code: {**sums.get(code, {}), "never": never.get(code, 0)} for code in {*sums, *never}}
    return await company_figure("follow-up", question, branches, rows, PLAN, last, workings=known)


async def never_contacted(
    by: str, scope: frozenset[str] | None, among: facts.Among | None = None
) -> dict[str, int]:
    """Open customers without any contact, by branch, employee or department."""
    keys = {
        "branch": "branch",
        "employee": "COALESCE(CAST(owner_id AS VARCHAR(36)), '')",
        "department": "COALESCE(CAST(department_id AS VARCHAR(36)), '')",
    }
    conditions: list[str] = [OPEN, "last_contact_on IS NULL"]
    params: dict[str, object] = {}
    if scope is not None:
        conditions.append("branch IN :codes")
        params["codes"] = sorted(scope)
    if among is not None:
        conditions += unit_condition(among, params)
    rows = await fetch_all(
        f"SELECT {keys[by]} AS k, COUNT(*) AS n FROM customer WHERE {' AND '.join(conditions)} GROUP BY {keys[by]}",
        **params,
    )
    return {str(row["k"]): int(row["n"]) for row in rows}


def unit_condition(among: facts.Among, params: dict[str, object]) -> Sequence[str]:
    """The condition that narrows customers to a unit within a branch."""
    columns = {"department": "department_id", "employee": "owner_id"}
    if among.unit.kind in columns:
        params["unit_key"] = among.unit.key
        return [f"{columns[among.unit.kind]} = :unit_key"]
    return ["owner_id IS NULL"] if among.unit.kind == "unassigned" else []
