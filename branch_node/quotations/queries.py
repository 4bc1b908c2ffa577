"""Reads of quotes: the list, one with its lines and earlier rounds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from branch_node.home import home
from branch_node.lists import COUNT_CAP, Cut, Paging, Sort, as_kind, like
from branch_node.reaching import record_for
from branch_node.searching import of_customer, words
from shared.database import fetch_all, fetch_value
from shared.database.scope import reach_sql
from shared.money import Money
from shared.permissions import Person, reach
from shared.records import Quotation, QuotationLine

SORTS: Mapping[str, Sort] = {
    "happened_on": Sort("q.happened_on", date),
    "number": Sort("q.number"),
    "total": Sort("q.total_minor", int),
}


@dataclass(frozen=True)
class Filter:
    """What is asked for; replaced rounds only when asked by their state."""

    query: str = ""
    status: str = ""
    customer_id: UUID | None = None

    @property
    def is_narrowed(self) -> bool:
        return self != Filter()


@dataclass(frozen=True)
class QuotationRow:
    """A line of the list."""

    id: UUID
    number: str
    round: int
    happened_on: date
    valid_until_on: date | None
    customer: str
    owner: str
    total: Money
    effective_discount_bp: int
    status: str


def _where(person: Person, filters: Filter) -> tuple[str, dict[str, Any]]:
    scope, params = reach_sql(reach(person, "quotation.view"), "q.owner_id", "q.department_id", "q.branch")
    clauses = ["q.branch = :branch", "q.deleted_at IS NULL", scope]
    params["branch"] = home().code
    if filters.status:
        clauses.append("q.status = :status")
        params["status"] = filters.status
    else:
        clauses.append("q.status <> 'superseded'")
    if filters.customer_id is not None:
        clauses.append("q.customer_id = :customer_id")
        params["customer_id"] = filters.customer_id
    for place, word in enumerate(words(filters.query)):
        clauses.append(
            f"(LOWER(q.number) LIKE :word{place} ESCAPE '!' OR {of_customer('q.customer_id', f'word{place}')})"
        )
        params[f"word{place}"] = like(word)
    return " AND ".join(clauses), params


LIST_SQL = """
SELECT q.id, q.number, q.round, q.happened_on, q.valid_until_on, c.name AS customer, e.name AS owner, q.currency,
  q.total_minor, q.effective_discount_bp, q.status, {sort} AS sort_value
FROM quotation q JOIN customer c ON c.id = q.customer_id LEFT JOIN employee e ON e.id = q.owner_id
WHERE {where} AND {page} {order}"""


async def quotations_page(person: Person, filters: Filter, paging: Paging) -> Cut[QuotationRow]:
    """One page of quotes, the latest round of each."""
    where, params = _where(person, filters)
    page, order, more = paging.sql("q.id")
    sql = LIST_SQL.format(sort=paging.sort.expression, where=where, page=page, order=order)
    cut = paging.cut(await fetch_all(sql, **params, **more))
    return Cut([_row(row) for row in cut.rows], cut.next, cut.previous)


def _row(row: Mapping[str, Any]) -> QuotationRow:
    return QuotationRow(
        as_kind(row["id"], UUID),
        row["number"],
        int(row["round"]),
        as_kind(row["happened_on"], date),
        as_kind(row["valid_until_on"], date),
        row["customer"],
        row["owner"] or "",
        Money(int(row["total_minor"]), row["currency"]),
        int(row["effective_discount_bp"]),
        row["status"],
    )


async def count_of(person: Person, filters: Filter) -> tuple[int, bool]:
    """How many there are, capped, and whether that is exact."""
    where, params = _where(person, filters)
    count = int(
        await fetch_value(
            "SELECT count(*) AS n FROM (SELECT 1 AS one FROM quotation q "
            f"WHERE {where} LIMIT {COUNT_CAP + 1}) x",
            **params,
        )
    )
    return min(count, COUNT_CAP), count <= COUNT_CAP


async def quotation_for(person: Person, quotation_id: UUID, action: str = "quotation.view") -> Quotation:
    """The quote if `person` may do `action` on it; NotFound otherwise."""
    return await record_for(Quotation, person, quotation_id, action)


async def lines_of(quotation_id: UUID) -> list[QuotationLine]:
    """The lines in order."""
    return await QuotationLine.filter(quotation_id=quotation_id, deleted_at=None).order_by("position", "id")


async def rounds_of(number: str) -> list[Quotation]:
    """All rounds of a quote, newest first."""
    return await Quotation.filter(branch=home().code, number=number, deleted_at=None).order_by("-round")
