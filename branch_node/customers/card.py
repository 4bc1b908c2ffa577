"""Reads of the customer card: money, what is next, and one timeline of everything recorded about the customer."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from branch_node.customers.rules import Credit
from branch_node.home import home, today
from branch_node.lists import as_kind
from shared.canonical import from_micros
from shared.database import fetch_all, fetch_one
from shared.database.scope import reach_sql
from shared.errors import Invalid
from shared.i18n import N_
from shared.money import Money
from shared.periods import add_months, local_date
from shared.permissions import Person, reach
from shared.records import Customer

PAGE = 30

TABS: Mapping[str, tuple[str, ...]] = {
    "all": ("activity", "opportunity", "quotation", "order", "receipt", "plan", "feedback", "task"),
    "contacts": ("activity",),
    "quotes": ("opportunity", "quotation"),
    "orders": ("order",),
    "money": ("receipt",),
    "plans": ("plan", "task"),
    "feedback": ("feedback",),
}


@dataclass(frozen=True)
class Event:
    """One entry of the timeline. `at` None: only the day is known. `detail` is a code the page renders."""

    kind: str
    id: UUID
    day: date
    at: datetime | None
    text: str
    detail: str
    state: str
    person: str
    amount: Money | None
    cursor: str


@dataclass(frozen=True)
class CardMoney:
    """What the customer owes and bought, base currency."""

    remaining: Money
    overdue: Money
    overdue_days: int
    ordered_12_months: Money
    order_count: int
    unallocated: Money
    credit: Credit


@dataclass(frozen=True)
class Next:
    """The next planned contact."""

    id: UUID
    kind: str
    subject: str
    on: date
    person: str


# kind -> (the right that shows it, owner column, department column, statement)
SOURCES: Mapping[str, tuple[str, str, str, str]] = {
    "activity": (
        "followup.view", "t.owner_id", "t.department_id",
        "SELECT 'activity' AS kind, t.id, coalesce(t.happened_on, t.planned_on) AS day, t.recorded_at, t.subject AS text, "
        "t.kind AS detail, t.status AS state, t.owner_id AS person_id, NULL AS amount, '' AS currency FROM activity t "
        "WHERE t.customer_id = :customer AND t.status <> 'cancelled'",
    ),
    "opportunity": (
        "opportunity.view", "t.owner_id", "t.department_id",
        "SELECT 'opportunity', t.id, t.happened_on, t.recorded_at, t.title, t.stage, t.stage, t.owner_id, t.amount_minor, "
        "t.currency FROM opportunity t WHERE t.customer_id = :customer",
    ),
    "quotation": (
        "quotation.view", "t.owner_id", "t.department_id",
        "SELECT 'quotation', t.id, t.happened_on, t.recorded_at, t.number, CAST(t.round AS VARCHAR(8)), t.status, "
        "t.owner_id, t.total_minor, t.currency FROM quotation t WHERE t.customer_id = :customer",
    ),
    "order": (
        "order.view", "t.owner_id", "t.department_id",
        "SELECT 'order', t.id, t.happened_on, t.recorded_at, t.number, '', t.status, t.owner_id, t.total_minor, t.currency "
        "FROM sales_order t WHERE t.customer_id = :customer",
    ),
    "receipt": (
        "receipt.view", "t.owner_id", "t.department_id",
        "SELECT 'receipt', t.id, t.happened_on, t.recorded_at, t.number, t.method, t.status, t.recorded_by, "
        "t.amount_minor, t.currency FROM receipt t WHERE t.customer_id = :customer",
    ),
    "plan": (
        "plan.view", "t.employee_id", "t.department_id",
        "SELECT 'plan', t.id, t.happened_on, t.recorded_at, t.text, t.kind, t.status, t.employee_id, NULL, '' "
        "FROM plan_item t WHERE t.customer_id = :customer",
    ),
    "feedback": (
        "feedback.view", "t.owner_id", "t.department_id",
        "SELECT 'feedback', t.id, t.happened_on, t.recorded_at, t.subject, t.kind, t.status, t.owner_id, NULL, '' "
        "FROM feedback t WHERE t.customer_id = :customer",
    ),
    "task": (
        "task.view", "t.employee_id", "t.department_id",
        "SELECT 'task', t.id, coalesce(t.due_on, :today), t.recorded_at, t.title, '', t.status, t.employee_id, NULL, '' "
        "FROM task t WHERE t.customer_id = :customer",
    ),
}  # fmt: skip


async def timeline(
    person: Person, customer: Customer, tab: str = "all", before: str = ""
) -> tuple[list[Event], str]:
    """The newest 30 entries of a tab that the person may see, and the cursor of older ones ("": there are none).

    One query: each kind contributes only the rows within reach of its own right.
    """
    parts: list[str] = []
    params: dict[str, Any] = {"customer": customer.id, "today": today()}
    for place, kind in enumerate(TABS.get(tab, TABS["all"])):
        right, owner, department, sql = SOURCES[kind]
        if not person.may(right):
            continue
        condition, more = reach_sql(reach(person, right), owner, department, prefix=f"r{place}")
        parts.append(f"{sql} AND t.deleted_at IS NULL AND {condition}")
        params |= more
    if not parts:
        return [], ""
    where = ""
    if before:
        params |= _read(before)
        where = "WHERE day < :day OR (day = :day AND (recorded_at < :micros OR (recorded_at = :micros AND id < :id)))"
    if not parts[0].startswith(SOURCES["activity"][3][:30]):
        parts.insert(0, f"{SOURCES['activity'][3]} AND 1 = 0")
    rows = await fetch_all(
        "SELECT x.*, e.name AS person FROM (SELECT * FROM ("
        + " UNION ALL ".join(parts)
        + f") AS found {where} "
        f"ORDER BY day DESC, recorded_at DESC, id DESC LIMIT {PAGE + 1}) AS x "
        "LEFT JOIN employee e ON e.id = x.person_id ORDER BY x.day DESC, x.recorded_at DESC, x.id DESC",
        **params,
    )
    events = [_event(row) for row in rows[:PAGE]]
    return events, events[-1].cursor if len(rows) > PAGE else ""


def _event(row: Mapping[str, Any]) -> Event:
    day = as_kind(row["day"], date)
    recorded = from_micros(int(row["recorded_at"]))
    known = local_date(recorded, home().timezone) == day
    row_id = as_kind(row["id"], UUID)
    packed = json.dumps([day.isoformat(), int(row["recorded_at"]), str(row_id)])
    return Event(
        kind=row["kind"], id=row_id, day=day, at=recorded if known else None, text=row["text"],
        detail=row["detail"], state=row["state"], person=row["person"] or "",
        amount=Money(int(row["amount"]), row["currency"]) if row["amount"] is not None else None,
        cursor=urlsafe_b64encode(packed.encode()).decode().rstrip("="),
    )  # fmt: skip


def _read(cursor: str) -> dict[str, Any]:
    try:
        day, micros, row_id = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return {"day": date.fromisoformat(day), "micros": int(micros), "id": UUID(row_id)}
    except (ValueError, TypeError):
        raise Invalid(N_("This page of the list cannot be found. Open the list from its start.")) from None


MONEY_SQL = """
SELECT
  (SELECT coalesce(CAST(sum(base_minor - received_base_minor - credited_base_minor - written_off_base_minor) AS BIGINT), 0)
   FROM receivable WHERE customer_id = :customer AND cancelled_on IS NULL AND deleted_at IS NULL) AS remaining,
  (SELECT coalesce(CAST(sum(base_minor - received_base_minor - credited_base_minor - written_off_base_minor) AS BIGINT), 0)
   FROM receivable WHERE customer_id = :customer AND cancelled_on IS NULL AND deleted_at IS NULL AND due_on < :today) AS overdue,
  (SELECT min(due_on) FROM receivable WHERE customer_id = :customer AND cancelled_on IS NULL AND deleted_at IS NULL
   AND due_on < :today AND amount_minor > received_minor + credited_minor + written_off_minor) AS oldest,
  (SELECT coalesce(CAST(sum(base_minor) AS BIGINT), 0) FROM sales_order WHERE customer_id = :customer AND deleted_at IS NULL
   AND approved_on >= :since AND status IN ('approved', 'executing', 'completed')) AS ordered,
  (SELECT count(*) FROM sales_order WHERE customer_id = :customer AND deleted_at IS NULL
   AND approved_on >= :since AND status IN ('approved', 'executing', 'completed')) AS orders,
  (SELECT coalesce(CAST(sum(base_minor) AS BIGINT), 0) FROM sales_order WHERE customer_id = :customer AND deleted_at IS NULL
   AND status IN ('approved', 'executing') AND shipped_on IS NULL
   AND NOT EXISTS (SELECT 1 FROM receivable r WHERE r.order_id = sales_order.id AND r.deleted_at IS NULL)) AS undelivered,
  (SELECT coalesce(CAST(sum(amount_minor - allocated_minor) AS BIGINT), 0) FROM receipt WHERE customer_id = :customer
   AND status = 'posted' AND currency = :base AND deleted_at IS NULL) AS unallocated
"""


async def money_of(customer: Customer) -> CardMoney:
    """Remaining, overdue, orders of twelve months and use of the sales limit. One query."""
    day = today()
    row = await fetch_one(
        MONEY_SQL, customer=customer.id, today=day, since=add_months(day, -12), base=home().currency
    )
    assert row is not None
    base = home().currency
    oldest = as_kind(row["oldest"], date)
    return CardMoney(
        remaining=Money(int(row["remaining"]), base),
        overdue=Money(int(row["overdue"]), base),
        overdue_days=(day - oldest).days if oldest else 0,
        ordered_12_months=Money(int(row["ordered"]), base),
        order_count=int(row["orders"]),
        unallocated=Money(int(row["unallocated"]), base),
        credit=Credit(customer.credit_limit_minor, int(row["remaining"]) + int(row["undelivered"])),
    )


async def next_step(person: Person, customer: Customer) -> Next | None:
    """The earliest planned contact within reach."""
    if not person.may("followup.view"):
        return None
    condition, params = reach_sql(reach(person, "followup.view"), "a.owner_id", "a.department_id")
    row = await fetch_one(
        "SELECT a.id, a.kind, a.subject, a.planned_on, e.name AS person FROM activity a "
        "LEFT JOIN employee e ON e.id = a.owner_id WHERE a.customer_id = :customer AND a.status = 'planned' "
        f"AND a.planned_on IS NOT NULL AND a.deleted_at IS NULL AND {condition} ORDER BY a.planned_on, a.id LIMIT 1",
        customer=customer.id,
        **params,
    )
    if row is None:
        return None
    return Next(
        as_kind(row["id"], UUID),
        row["kind"],
        row["subject"],
        as_kind(row["planned_on"], date),
        row["person"] or "",
    )


@dataclass(frozen=True)
class Discount:
    """A discount this customer was given, whoever gave it: quotation or order, in basis points."""

    number: str
    day: date
    discount_bp: int
    state: str


async def discounts_of(customer: Customer) -> Sequence[Discount]:
    """The last discounts in quotations and orders of the whole branch: every seller says the same (C22)."""
    rows = await fetch_all(
        "SELECT number, happened_on, effective_discount_bp, status FROM quotation WHERE customer_id = :customer "
        "AND deleted_at IS NULL AND effective_discount_bp > 0 AND status <> 'draft' "
        "UNION ALL SELECT number, happened_on, effective_discount_bp, status FROM sales_order WHERE customer_id = :customer "
        "AND deleted_at IS NULL AND effective_discount_bp > 0 AND status NOT IN ('draft', 'rejected') "
        "ORDER BY 2 DESC, 1 DESC LIMIT 5",
        customer=customer.id,
    )
    return [
        Discount(
            row["number"], as_kind(row["happened_on"], date), int(row["effective_discount_bp"]), row["status"]
        )
        for row in rows
    ]
