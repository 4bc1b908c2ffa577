"""Reads of receipts: the list, one with what it paid, what is open for a customer, look-alikes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from branch_node.home import home
from branch_node.lists import COUNT_CAP, Cut, Paging, Sort, as_kind, like
from branch_node.reaching import record_for
from branch_node.receipts.rules import SAME_WITHIN_DAYS, OpenItem
from branch_node.searching import of_customer, words
from shared.canonical import from_micros
from shared.database import fetch_all, fetch_one, fetch_value
from shared.database.scope import reach_sql
from shared.money import Money
from shared.periods import Period
from shared.permissions import Person, reach
from shared.records import Receipt

SORTS: Mapping[str, Sort] = {
    "happened_on": Sort("p.happened_on", date),
    "amount": Sort("p.base_minor", int),
    "number": Sort("p.number"),
}


@dataclass(frozen=True)
class Filter:
    """What is asked for; `status` posted, reversed or unallocated (posted with something left). With `period` the
    rows behind the figure of a period: what came in then, less what was reversed then."""

    query: str = ""
    from_on: date | None = None
    until_on: date | None = None
    status: str = ""
    customer_id: UUID | None = None
    department_id: UUID | None = None
    period: Period | None = None

    @property
    def is_narrowed(self) -> bool:
        return self != Filter()


@dataclass(frozen=True)
class ReceiptRow:
    """A line of the list."""

    id: UUID
    number: str
    happened_on: date
    customer_id: UUID
    customer: str
    amount: Money
    unallocated: Money
    status: str
    method: str
    reference: str


@dataclass(frozen=True)
class ReceiptSums:
    """Of everything asked for: how many, received less reversed and unallocated of those still posted (base)."""

    count: int
    posted_base_minor: int
    is_exact: bool = True


@dataclass(frozen=True)
class PaidPart:
    """An allocation of a receipt, or the counter row of one."""

    id: UUID
    receivable_id: UUID
    order_id: UUID
    label: str
    due_on: date
    happened_on: date
    amount: Money
    is_counter: bool
    is_countered: bool
    recorded_at: datetime


RECEIVED_THEN = "(p.happened_on >= :first AND p.happened_on < :after)"
REVERSED_THEN = "(p.reversed_on >= :first AND p.reversed_on < :after)"


def _where(person: Person, filters: Filter) -> tuple[str, dict[str, Any]]:
    scope, params = reach_sql(reach(person, "receipt.view"), "p.owner_id", "p.department_id", "p.branch")
    clauses = ["p.branch = :branch", "p.deleted_at IS NULL", scope]
    params["branch"] = home().code
    if filters.from_on:
        clauses.append("p.happened_on >= :from_on")
        params["from_on"] = filters.from_on
    if filters.until_on:
        clauses.append("p.happened_on <= :until_on")
        params["until_on"] = filters.until_on
    if filters.period:
        clauses.append(f"({RECEIVED_THEN} OR {REVERSED_THEN})")
        params |= {"first": filters.period.first, "after": filters.period.after}
    if filters.status == "unallocated":
        clauses.append("p.status = 'posted' AND p.allocated_minor < p.amount_minor")
    elif filters.status:
        clauses.append("p.status = :status")
        params["status"] = filters.status
    for name in ("customer_id", "department_id"):
        if (wanted := getattr(filters, name)) is not None:
            clauses.append(f"p.{name} = :{name}")
            params[name] = wanted
    for place, word in enumerate(words(filters.query)):
        clauses.append(
            f"(LOWER(p.number) LIKE :word{place} ESCAPE '!' OR LOWER(p.reference) LIKE :word{place} ESCAPE '!' "
            f"OR {of_customer('p.customer_id', f'word{place}')})"
        )
        params[f"word{place}"] = like(word)
    return " AND ".join(clauses), params


LIST_SQL = """
SELECT p.id, p.number, p.happened_on, p.customer_id, c.name AS customer, p.currency, p.amount_minor,
  p.allocated_minor, p.status, p.method, p.reference, {sort} AS sort_value
FROM receipt p JOIN customer c ON c.id = p.customer_id
WHERE {where} AND {page} {order}"""


async def receipts_page(person: Person, filters: Filter, paging: Paging) -> Cut[ReceiptRow]:
    """One page of receipts."""
    where, params = _where(person, filters)
    page, order, more = paging.sql("p.id")
    sql = LIST_SQL.format(sort=paging.sort.expression, where=where, page=page, order=order)
    cut = paging.cut(await fetch_all(sql, **params, **more))
    return Cut([_row(row) for row in cut.rows], cut.next, cut.previous)


def _row(row: Mapping[str, Any]) -> ReceiptRow:
    left = 0 if row["status"] == "reversed" else int(row["amount_minor"]) - int(row["allocated_minor"])
    return ReceiptRow(
        as_kind(row["id"], UUID),
        row["number"],
        as_kind(row["happened_on"], date),
        as_kind(row["customer_id"], UUID),
        row["customer"],
        Money(int(row["amount_minor"]), row["currency"]),
        Money(left, row["currency"]),
        row["status"],
        row["method"],
        row["reference"],
    )


async def sums_of(person: Person, filters: Filter) -> ReceiptSums:
    """Count (capped) and base total of everything asked for; reversed ones count nothing, except in a period."""
    where, params = _where(person, filters)
    joined = f"FROM receipt p WHERE {where}"
    amount = "CASE WHEN p.status = 'posted' THEN p.base_minor ELSE 0 END"
    if filters.period:
        amount = (
            f"CASE WHEN {RECEIVED_THEN} THEN p.base_minor ELSE 0 END "
            f"- CASE WHEN {REVERSED_THEN} THEN p.base_minor ELSE 0 END"
        )
    row = await fetch_one(f"SELECT CAST(COALESCE(SUM({amount}), 0) AS BIGINT) AS base {joined}", **params)
    count = int(
        await fetch_value(
            f"SELECT count(*) FROM (SELECT 1 AS one {joined} LIMIT {COUNT_CAP + 1}) x", **params
        )
    )
    return ReceiptSums(min(count, COUNT_CAP), int(row["base"]) if row else 0, count <= COUNT_CAP)


async def receipt_for(person: Person, receipt_id: UUID, action: str = "receipt.view") -> Receipt:
    """The receipt if `person` may do `action` on it; NotFound otherwise."""
    return await record_for(Receipt, person, receipt_id, action)


PARTS_SQL = """
SELECT a.id, a.receivable_id, a.order_id, o.number, r.position, r.due_on, a.happened_on, a.amount_minor, a.currency,
  a.reverses_id, a.recorded_at
FROM allocation a JOIN receivable r ON r.id = a.receivable_id JOIN sales_order o ON o.id = a.order_id
WHERE a.receipt_id = :id AND a.deleted_at IS NULL
ORDER BY a.recorded_at, CASE WHEN a.reverses_id IS NULL THEN 0 ELSE 1 END, r.due_on, r.position, a.id"""


async def parts_of(receipt_id: UUID) -> list[PaidPart]:
    """What a receipt paid, counter rows included, in the order of recording; what was recorded at once by due date."""
    rows = await fetch_all(PARTS_SQL, id=receipt_id)
    countered = {str(row["reverses_id"]) for row in rows if row["reverses_id"] is not None}
    return [
        PaidPart(
            as_kind(row["id"], UUID),
            as_kind(row["receivable_id"], UUID),
            as_kind(row["order_id"], UUID),
            f"{row['number']}/{row['position']}",
            as_kind(row["due_on"], date),
            as_kind(row["happened_on"], date),
            Money(int(row["amount_minor"]), row["currency"]),
            row["reverses_id"] is not None,
            str(row["id"]) in countered,
            from_micros(int(row["recorded_at"])),
        )
        for row in rows
    ]


OPEN_SQL = """
SELECT r.id, r.order_id, o.number, r.position, r.due_on,
  r.amount_minor - r.received_minor - r.credited_minor - r.written_off_minor AS remaining
FROM receivable r JOIN sales_order o ON o.id = r.order_id
WHERE r.branch = :branch AND r.customer_id = :customer AND r.currency = :currency AND r.deleted_at IS NULL
  AND r.cancelled_on IS NULL
  AND r.received_minor + r.credited_minor + r.written_off_minor < r.amount_minor
ORDER BY r.due_on, r.position, r.id LIMIT 500"""


async def open_items(customer_id: UUID, currency: str) -> list[OpenItem]:
    """What a customer's receipts in a currency can pay, oldest due first; at most 500."""
    rows = await fetch_all(OPEN_SQL, branch=home().code, customer=customer_id, currency=currency)
    return [
        OpenItem(
            as_kind(row["id"], UUID),
            as_kind(row["order_id"], UUID),
            f"{row['number']}/{row['position']}",
            as_kind(row["due_on"], date),
            int(row["remaining"]),
            int(row["position"]),
        )
        for row in rows
    ]


async def look_alike(customer_id: UUID, amount_minor: int, currency: str, day: date) -> Receipt | None:
    """A posted receipt of the same customer and amount within seven days: perhaps the same money."""
    return (
        await Receipt.filter(
            branch=home().code,
            customer_id=customer_id,
            amount_minor=amount_minor,
            currency=currency,
            status="posted",
            happened_on__gte=day - timedelta(days=SAME_WITHIN_DAYS),
            happened_on__lte=day + timedelta(days=SAME_WITHIN_DAYS),
            deleted_at=None,
        )
        .order_by("-happened_on")
        .first()
    )
