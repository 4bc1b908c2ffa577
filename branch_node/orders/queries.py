"""Reads of orders: the list and its count, one with lines, steps and money, the rows behind a figure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from branch_node.home import home
from branch_node.lists import COUNT_CAP, Cut, Paging, Sort, as_kind, like
from branch_node.orders.shares import has_share_of, have_shares, of_sellers_sql, sold_by_sql
from branch_node.own_fields import custom_clauses, searched_sql
from branch_node.reaching import record_for
from branch_node.searching import of_customer, words
from shared.database import fetch_all, fetch_one, fetch_value, find, find_all
from shared.database.scope import reach_sql
from shared.errors import NotFound
from shared.figures import ENTRIES
from shared.money import Money
from shared.periods import Period
from shared.permissions import Person, Reach, Scope, reach
from shared.records import (
    Customer,
    CustomFieldDef,
    Department,
    ExecutionStep,
    Order,
    OrderLine,
    Quotation,
    Receipt,
    Receivable,
)

SORTS: Mapping[str, Sort] = {
    "happened_on": Sort("o.happened_on", date),
    "number": Sort("o.number"),
    "total": Sort("o.total_minor", int),
}
OPEN_STATUSES = ("submitted", "approved", "executing")


@dataclass(frozen=True)
class Filter:
    """What is asked for. With `measure` and `period` it is exactly the rows behind that figure of the month page.

    `custom` are own fields that are asked for, by key; `own` those in use, which `query` searches too.
    """

    query: str = ""
    status: str = ""
    customer_id: UUID | None = None
    owner_id: UUID | None = None
    department_id: UUID | None = None
    measure: str = ""
    period: Period | None = None
    custom: Mapping[str, str] = field(default_factory=dict)
    own: Sequence[CustomFieldDef] = field(default=(), compare=False)

    @property
    def is_narrowed(self) -> bool:
        return self != Filter()


@dataclass(frozen=True)
class OrderRow:
    """A line of the list."""

    id: UUID
    number: str
    happened_on: date
    customer_id: UUID
    customer: str
    owner: str
    total: Money
    base: Money
    status: str
    effective_discount_bp: int
    is_late: bool
    custom: Mapping[str, Any]


@dataclass(frozen=True)
class OrderSums:
    """How many there are (capped) and, for the rows behind a figure, their sum in the base currency."""

    count: int
    is_exact: bool
    base_minor: int | None = None


async def where_of(person: Person, filters: Filter) -> tuple[str, dict[str, Any]]:
    """The WHERE of the list: data permission first, then every filter; for list, count and export alike. An order is also
    seen by who has a share of it."""
    within = reach(person, "order.view")
    scope, params = reach_sql(within, "o.owner_id", "o.department_id", "o.branch")
    if within.kind < Scope.BRANCH and await have_shares(within.staff_ids):
        scope = f"({scope} OR {of_sellers_sql('reach_staff')})"
    clauses = ["o.branch = :branch", "o.deleted_at IS NULL", scope]
    params["branch"] = home().code
    if filters.status == "open":
        clauses.append("o.status IN :statuses")
        params["statuses"] = list(OPEN_STATUSES)
    elif filters.status:
        clauses.append("o.status = :status")
        params["status"] = filters.status
    for name in ("customer_id", "department_id"):
        if (wanted := getattr(filters, name)) is not None:
            clauses.append(f"o.{name} = :{name}")
            params[name] = wanted
    if filters.owner_id is not None:
        clauses.append(f"(o.owner_id IN :sellers OR {of_sellers_sql('sellers')})")
        params["sellers"] = [filters.owner_id]
    if filters.period is not None:
        parts = [f"({counted})" for _sign, counted in counted_by(filters.measure)]
        clauses.append(f"({' OR '.join(parts)})")
        params |= {"first": filters.period.first, "after": filters.period.after}
    clauses += custom_clauses(filters.custom, "o.custom", params)
    for place, word in enumerate(words(filters.query)):
        found = [
            f"LOWER(o.number) LIKE :word{place} ESCAPE '!'",
            of_customer("o.customer_id", f"word{place}"),
        ]
        if own := searched_sql(filters.own, "o.custom", f"word{place}"):
            found.append(own)
        clauses.append(f"({' OR '.join(found)})")
        params[f"word{place}"] = like(word)
    return " AND ".join(clauses), params


def counted_by(measure: str) -> list[tuple[str, str]]:
    """(sign, condition) of the entries of shared.figures that make a measure out of orders in a period.

    `sales` is ordered less cancelled, each on its own day; without a measure the order date counts.
    """
    if not measure:
        return [("+", "o.happened_on >= :first AND o.happened_on < :after")]
    names = {"sales": (("+", "ordered"), ("-", "cancelled"))}.get(measure, (("+", measure),))
    found = []
    for sign, name in names:
        entry = next(one for one in ENTRIES if one.table == "sales_order" and one.measure == name)
        inner = f"({entry.where}) AND {entry.day} >= :first AND {entry.day} < :after"
        found.append((sign, f"o.id IN (SELECT id FROM sales_order WHERE branch = :branch AND {inner})"))
    return found


LIST_SQL = """
SELECT o.id, o.number, o.happened_on, o.customer_id, c.name AS customer, e.name AS owner, o.currency, o.total_minor,
  o.base_minor, o.base_currency, o.status, o.effective_discount_bp, o.required_on, o.custom, {sort} AS sort_value,
  CASE WHEN EXISTS (SELECT 1 FROM execution_step s WHERE s.order_id = o.id AND s.deleted_at IS NULL
    AND s.status NOT IN ('done', 'skipped') AND s.due_on < :today) THEN 1 ELSE 0 END AS is_late
FROM sales_order o
JOIN customer c ON c.id = o.customer_id
LEFT JOIN employee e ON e.id = o.owner_id
WHERE {where} AND {page} {order}"""


async def orders_page(person: Person, filters: Filter, paging: Paging) -> Cut[OrderRow]:
    """One page of orders."""
    where, params = await where_of(person, filters)
    page, order, more = paging.sql("o.id")
    sql = LIST_SQL.format(sort=paging.sort.expression, where=where, page=page, order=order)
    cut = paging.cut(await fetch_all(sql, today=home().today, **params, **more))
    return Cut([_row(row) for row in cut.rows], cut.next, cut.previous)


def _row(row: Mapping[str, Any]) -> OrderRow:
    return OrderRow(
        as_kind(row["id"], UUID),
        row["number"],
        as_kind(row["happened_on"], date),
        as_kind(row["customer_id"], UUID),
        row["customer"],
        row["owner"] or "",
        Money(int(row["total_minor"]), row["currency"]),
        Money(int(row["base_minor"]), row["base_currency"]),
        row["status"],
        int(row["effective_discount_bp"]),
        bool(row["is_late"]),
        json.loads(row["custom"] or "{}"),
    )


async def sums_of(person: Person, filters: Filter) -> OrderSums:
    """The capped count; with a measure also the sum of the figure."""
    where, params = await where_of(person, filters)
    joined = f"FROM sales_order o WHERE {where}"
    count = int(
        await fetch_value(
            f"SELECT count(*) AS n FROM (SELECT 1 AS one {joined} LIMIT {COUNT_CAP + 1}) x", **params
        )
    )
    base = None
    if filters.measure and filters.period is not None:
        credited = credited_sql(reach(person, "order.view"), filters)
        terms = " ".join(
            f"{sign} CASE WHEN {counted} THEN {credited} ELSE 0 END"
            for sign, counted in counted_by(filters.measure)
        )
        row = await fetch_one(
            f"SELECT CAST(COALESCE(SUM(0 {terms}), 0) AS BIGINT) AS base {joined}", **params
        )
        base = int(row["base"]) if row else 0
    return OrderSums(min(count, COUNT_CAP), count <= COUNT_CAP, base)


def credited_sql(within: Reach, filters: Filter) -> str:
    """What of order `o` the figure counts of which this list is the rows: all of it, or the shares of who is asked for or
    within reach."""
    if filters.owner_id is not None:
        return sold_by_sql("sellers")
    if within.kind >= Scope.BRANCH:
        return "o.base_minor"
    if within.kind is Scope.DEPARTMENT and within.department_ids:
        return f"CASE WHEN o.department_id IN :reach_departments THEN o.base_minor ELSE {sold_by_sql('reach_staff')} END"
    return sold_by_sql("reach_staff")


async def order_for(person: Person, order_id: UUID, action: str = "order.view") -> Order:
    """The order if `person` may do `action` on it, or sees it because of a share of it; NotFound otherwise."""
    try:
        return await record_for(Order, person, order_id, action)
    except NotFound:
        within = reach(person, action)
        if action != "order.view" or not await has_share_of(order_id, within.staff_ids):
            raise
    found = await find(
        Order, "id = :id AND branch = :branch AND deleted_at IS NULL", id=order_id, branch=home().code
    )
    if found is None:
        raise NotFound()
    return found


IN_ORDER = "order_id = :id AND deleted_at IS NULL ORDER BY position, id"


async def lines_of(order_id: UUID) -> list[OrderLine]:
    """The lines in order."""
    return await find_all(OrderLine, IN_ORDER, id=order_id)


async def steps_of(order_id: UUID) -> list[ExecutionStep]:
    """The execution plan in order."""
    return await find_all(ExecutionStep, IN_ORDER, id=order_id)


async def receivables_of(order_id: UUID) -> list[Receivable]:
    """The instalments in force, by due date."""
    condition = "order_id = :id AND cancelled_on IS NULL AND deleted_at IS NULL ORDER BY position"
    return await find_all(Receivable, condition, id=order_id)


async def customer_of(row: Order | Quotation | Receivable | Receipt) -> Customer:
    """The customer of a document that the person was found to see."""
    return await Customer.get(id=row.customer_id)


async def department_name(department_id: UUID) -> str:
    """A department's name, for the sentence of a filter."""
    row = await Department.get_or_none(id=department_id)
    return row.name if row else "?"
