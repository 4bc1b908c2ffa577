"""Reads of expenses: the list with its sum, one, the categories."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from branch_node.home import home
from branch_node.lists import COUNT_CAP, Cut, Paging, Sort, as_kind, like
from branch_node.reaching import record_for
from branch_node.searching import plain, words
from shared.database import fetch_all, fetch_one, fetch_value
from shared.database.scope import reach_sql
from shared.figures import COUNTED_EXPENSE
from shared.i18n import N_, active_locale, gettext
from shared.money import Money
from shared.periods import Period
from shared.permissions import Person, reach
from shared.records import COMPANY, Expense, ExpenseCategory

SORTS: Mapping[str, Sort] = {
    "happened_on": Sort("x.happened_on", date),
    "amount": Sort("x.amount_minor", int),
    "number": Sort("x.number"),
}
BUILTIN: Mapping[str, str] = {
    "travel": N_("Travel"),
    "entertainment": N_("Entertaining customers"),
    "transport": N_("Transport"),
    "marketing": N_("Marketing"),
    "rent": N_("Rent"),
    "salaries": N_("Salaries"),
    "office": N_("Office"),
    "communication": N_("Communication"),
    "tax": N_("Taxes and fees"),
    "other": N_("Other"),
}
"""Categories of a branch for which nobody has named any."""


@dataclass(frozen=True)
class Filter:
    """What is asked for; `counted` are approved and paid ones."""

    query: str = ""
    status: str = ""
    category: str = ""
    department_id: UUID | None = None
    owner_id: UUID | None = None
    period: Period | None = None

    @property
    def is_narrowed(self) -> bool:
        return self != Filter()


@dataclass(frozen=True)
class ExpenseRow:
    """A line of the list."""

    id: UUID
    number: str
    happened_on: date
    category: str
    description: str
    owner: str
    amount: Money
    base: Money
    status: str


@dataclass(frozen=True)
class ExpenseSums:
    """How many there are (capped) and what the counted ones among them come to in the base currency."""

    count: int
    is_exact: bool
    counted_minor: int


def _where(person: Person, filters: Filter) -> tuple[str, dict[str, Any]]:
    scope, params = reach_sql(reach(person, "expense.view"), "x.owner_id", "x.department_id", "x.branch")
    clauses = ["x.branch = :branch", "x.deleted_at IS NULL", scope]
    params["branch"] = home().code
    if filters.status == "counted":
        clauses.append(f"x.{COUNTED_EXPENSE}")
    elif filters.status:
        clauses.append("x.status = :status")
        params["status"] = filters.status
    if filters.category:
        clauses.append("x.category = :category")
        params["category"] = filters.category
    for name in ("department_id", "owner_id"):
        if (wanted := getattr(filters, name)) is not None:
            clauses.append(f"x.{name} = :{name}")
            params[name] = wanted
    if filters.period is not None:
        clauses.append("x.happened_on >= :first AND x.happened_on < :after")
        params |= {"first": filters.period.first, "after": filters.period.after}
    for place, word in enumerate(words(filters.query)):
        clauses.append(
            f"(LOWER(x.number) LIKE :word{place} ESCAPE '!' OR LOWER(x.description) LIKE :word{place} ESCAPE '!' "
            f"OR e.search_key LIKE :word{place} ESCAPE '!')"
        )
        params[f"word{place}"] = like(plain(word))
    return " AND ".join(clauses), params


JOINED = "FROM expense x LEFT JOIN employee e ON e.id = x.owner_id WHERE {where}"
LIST_SQL = (
    "SELECT x.id, x.number, x.happened_on, x.category, x.description, e.name AS owner, x.currency, x.amount_minor, "
    "x.base_minor, x.status, {sort} AS sort_value " + JOINED + " AND {page} {order}"
)


async def expenses_page(person: Person, filters: Filter, paging: Paging) -> Cut[ExpenseRow]:
    """One page of expenses."""
    where, params = _where(person, filters)
    page, order, more = paging.sql("x.id")
    sql = LIST_SQL.format(sort=paging.sort.expression, where=where, page=page, order=order)
    cut = paging.cut(await fetch_all(sql, **params, **more))
    return Cut([_row(row) for row in cut.rows], cut.next, cut.previous)


def _row(row: Mapping[str, Any]) -> ExpenseRow:
    return ExpenseRow(
        as_kind(row["id"], UUID),
        row["number"],
        as_kind(row["happened_on"], date),
        row["category"],
        row["description"],
        row["owner"] or "",
        Money(int(row["amount_minor"]), row["currency"]),
        Money(int(row["base_minor"]), home().currency),
        row["status"],
    )


async def sums_of(person: Person, filters: Filter) -> ExpenseSums:
    """The capped count and the sum of what counts in the figures."""
    where, params = _where(person, filters)
    joined = JOINED.format(where=where)
    count = int(
        await fetch_value(
            f"SELECT count(*) AS n FROM (SELECT 1 AS one {joined} LIMIT {COUNT_CAP + 1}) y", **params
        )
    )
    row = await fetch_one(
        f"SELECT CAST(COALESCE(SUM(CASE WHEN x.{COUNTED_EXPENSE} THEN x.base_minor ELSE 0 END), 0) AS BIGINT) AS counted "
        + joined,
        **params,
    )
    return ExpenseSums(min(count, COUNT_CAP), count <= COUNT_CAP, int(row["counted"]) if row else 0)


async def expense_for(person: Person, expense_id: UUID, action: str = "expense.view") -> Expense:
    """The expense if `person` may do `action` on it; NotFound otherwise."""
    return await record_for(Expense, person, expense_id, action)


async def categories() -> dict[str, str]:
    """Labels of the categories in use by code, in their order: the company's and branch's own, else the built-in."""
    rows = await ExpenseCategory.filter(
        branch__in=[home().code, COMPANY], active=True, deleted_at=None
    ).order_by("position", "code")
    if not rows:
        return {code: gettext(label) for code, label in BUILTIN.items()}
    in_english = active_locale() == "en"
    return {row.code: (row.label_en if in_english and row.label_en else row.label) for row in rows}


def label_of(code: str, known: Mapping[str, str]) -> str:
    """A category's label; the built-in one, or the code itself, for one that is no longer used."""
    return known.get(code) or (gettext(BUILTIN[code]) if code in BUILTIN else code)
