"""The figures a second time, straight from the rows and word for word by their definitions: what tests compare with.

Nothing of hq.figures or shared.figures is used to compute here. Amounts are minor units of the branch's base currency.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from hq.figures.shape import Question
from shared.money import exponent
from shared.periods import local_date
from shared.records import (
    Activity,
    Adjustment,
    Allocation,
    Customer,
    DailyPlan,
    Employee,
    Expense,
    Order,
    OrderShare,
    PlanItem,
    Receipt,
    Receivable,
)
from tests.support.hq_world import NOON, PLACES, RATES, Company

COUNTED = ("approved", "executing", "completed", "cancelled")


def total_of(pairs: Any) -> int:
    return sum(amount for amount, holds in pairs if holds)


@dataclass
class Oracle:
    """The facts of one branch, optionally only those that `keep` lets through."""

    company: Company
    branch: str

    def rows(self, kind: Any) -> list[Any]:
        return [row for row in self.company.of(kind, self.branch) if row.deleted_at is None]

    def sales(self, first: date, last: date) -> dict[str, int]:
        found = dict.fromkeys(("orders", "ordered", "cancelled_orders", "cancelled"), 0)
        for order in self.rows(Order):
            if order.approved_on is None or order.status not in COUNTED:
                continue
            if first <= order.approved_on <= last:
                found["orders"] += 1
                found["ordered"] += order.base_minor
            if order.cancelled_on is not None and first <= order.cancelled_on <= last:
                found["cancelled_orders"] += 1
                found["cancelled"] += order.base_minor
        return {**found, "sales": found["ordered"] - found["cancelled"]}

    def sellers(self, first: date, last: date) -> dict[str, int]:
        """Sales by whom they are credited to: the shares of an order, else the one in whose name it stands."""
        found: dict[str, int] = defaultdict(int)
        shares = defaultdict(list)
        for share in self.rows(OrderShare):
            shares[share.order_id].append((share.employee_id, share.base_minor))
        for order in self.rows(Order):
            if order.approved_on is None or order.status not in COUNTED:
                continue
            sign = int(first <= order.approved_on <= last)
            sign -= int(order.cancelled_on is not None and first <= order.cancelled_on <= last)
            for who, base in shares.get(order.id) or [(order.owner_id, order.base_minor)]:
                found[f"employee:{who}" if who else f"unassigned:{self.branch}"] += sign * base
        return dict(found)

    def receivables(self, as_of: date) -> dict[str, int]:
        due = 0
        for row in self.rows(Receivable):
            if row.happened_on <= as_of:
                due += row.base_minor
            if row.cancelled_on is not None and row.cancelled_on <= as_of:
                due -= row.base_minor
        receipts = 0
        for row in self.rows(Receipt):
            if row.happened_on <= as_of:
                receipts += row.base_minor
            if row.reversed_on is not None and row.reversed_on <= as_of:
                receipts -= row.base_minor
        received = self.entries(Allocation, as_of)
        credited = self.entries(Adjustment, as_of, kind="credit")
        written_off = self.entries(Adjustment, as_of, kind="write_off")
        remaining = due - received - credited - written_off
        unallocated = receipts - self.entries(Allocation, as_of, column="receipt_base_minor")
        return {
            "due": due,
            "receipts": receipts,
            "received": received,
            "credited": credited,
            "written_off": written_off,
            "remaining": remaining,
            "unallocated": unallocated,
            "balance": remaining - unallocated,
        }

    def entries(self, record: Any, as_of: date, column: str = "base_minor", **where: str) -> int:
        return sum(
            getattr(row, column) if row.reverses_id is None else -getattr(row, column)
            for row in self.rows(record)
            if row.happened_on <= as_of and all(getattr(row, name) == value for name, value in where.items())
        )

    def ageing(self, as_of: date) -> dict[str, int]:
        """Instalment by instalment: what is left of it on the day, in the bucket of its own due date."""
        taken: dict[Any, int] = defaultdict(int)
        for row in [*self.rows(Allocation), *self.rows(Adjustment)]:
            if row.happened_on <= as_of:
                taken[row.receivable_id] += row.base_minor if row.reverses_id is None else -row.base_minor
        buckets = dict.fromkeys(("not_due", "days_1_30", "days_31_60", "days_61_90", "days_over_90"), 0)
        for row in self.rows(Receivable):
            is_there = row.happened_on <= as_of and (row.cancelled_on is None or row.cancelled_on > as_of)
            late = (as_of - row.due_on).days
            name = (
                "not_due" if late <= 0 else "days_1_30" if late <= 30 else "days_31_60" if late <= 60
                else "days_61_90" if late <= 90 else "days_over_90"
            )  # fmt: skip
            buckets[name] += (row.base_minor if is_there else 0) - taken[row.id]
        return {
            **buckets,
            "remaining": sum(buckets.values()),
            "overdue": sum(buckets.values()) - buckets["not_due"],
        }

    def profit(self, first: date, last: date, rule: str) -> dict[str, int]:
        def inside(day: date | None) -> bool:
            return day is not None and first <= day <= last

        counted = [row for row in self.rows(Order) if row.approved_on and row.status in COUNTED]
        if rule == "approval":
            income = self.sales(first, last)["sales"]
        elif rule == "shipment":
            income = sum(
                row.base_minor for row in counted if inside(row.shipped_on) and row.cancelled_on is None
            )
        else:
            income = sum(row.base_minor for row in self.rows(Receipt) if inside(row.happened_on))
            income -= sum(row.base_minor for row in self.rows(Receipt) if inside(row.reversed_on))
        expense = sum(
            row.base_minor
            for row in self.rows(Expense)
            if row.status in ("approved", "paid") and inside(row.happened_on)
        )
        return {"income": income, "expense": expense, "profit": income - expense}

    def staff(self, day: date) -> dict[str, int]:
        plans = [row for row in self.rows(DailyPlan) if row.happened_on == day]
        items = [row for row in self.rows(PlanItem) if row.happened_on == day]
        done = [row for row in self.rows(Activity) if row.happened_on == day and row.status == "done"]
        return {
            "staff": sum(1 for row in self.rows(Employee) if row.active),
            "plans": sum(1 for row in plans if row.status in ("submitted", "closed")),
            "planned": len(items),
            "done": sum(1 for row in items if row.status == "done"),
            "carried_over": sum(1 for row in items if row.status == "carried_over"),
            "cancelled_items": sum(1 for row in items if row.status == "cancelled"),
            "open_items": sum(1 for row in items if row.status == "planned"),
            "followups": len(done),
            "kind_visit": sum(1 for row in done if row.kind == "visit"),
            "customers_new": sum(
                1 for row in self.rows(Customer) if row.acquired_on == day and row.merged_into_id is None
            ),
            "orders": self.sales(day, day)["orders"],
            "ordered": self.sales(day, day)["ordered"],
        }

    def follow_up(self, first: date, last: date, today: date, silent_days: int) -> dict[str, int]:
        customers = [row for row in self.rows(Customer) if row.merged_into_id is None]
        reachable = [row for row in customers if row.status in ("prospect", "customer")]
        limit = today - timedelta(days=silent_days)
        return {
            "followups": sum(
                1 for row in self.rows(Activity)
                if row.status == "done" and row.happened_on and first <= row.happened_on <= last
            ),
            "touched": sum(1 for row in reachable if row.last_contact_on and first <= row.last_contact_on <= last),
            "overdue": sum(1 for row in reachable if row.next_contact_on and row.next_contact_on < today),
            "due_today": sum(1 for row in reachable if row.next_contact_on == today),
            "silent": sum(1 for row in reachable if row.last_contact_on and row.last_contact_on < limit),
            "never": sum(1 for row in reachable if row.last_contact_on is None),
        }  # fmt: skip


def converted(minor: int, currency: str, to_currency: str, rate_e9: int) -> int:
    """Half to even, by Python's own fractions."""
    if currency == to_currency:
        return minor
    share = Fraction(rate_e9, 10**9) * Fraction(10) ** (exponent(to_currency) - exponent(currency))
    return round(minor * share)


AMOUNTS = {
    "sales": ("ordered", "cancelled"),
    "receivables": ("receipts", "received", "credited", "written_off", "remaining"),
    "ageing": ("remaining",),
    "profit": ("expense",),
    "staff-activity": ("ordered",),
    "follow-up": (),
}
"""The money columns of each figure that a branch's row and the company's total are compared in."""


def expected(company: Company, code: str, name: str, first: date, last: date) -> Mapping[str, int]:
    """The figure of one branch by the oracle, in its base currency."""
    oracle, zone = Oracle(company, code), PLACES[code][2]
    if name == "sales":
        return oracle.sales(first, last)
    if name == "receivables":
        return oracle.receivables(last)
    if name == "ageing":
        return oracle.ageing(last)
    if name == "profit":
        return oracle.profit(first, last, PLACES[code][4])
    if name == "staff-activity":
        return oracle.staff(last)
    return oracle.follow_up(first, last, local_date(NOON, zone), 30)


def asked(name: str, first: date, last: date, **more: object) -> Question:
    """The question for a span, an as-of day or a single day, as the figure takes it."""
    if name in ("receivables", "ageing"):
        return Question(as_of=last, **more)  # type: ignore[arg-type]
    if name == "staff-activity":
        first = last
    return Question(first=first, last=last, **more)  # type: ignore[arg-type]


def latest_rate(currency: str, on: date) -> int:
    """The rate that make_company wrote for a day."""
    return (
        RATES.get(currency, 10**9) * 11 // 10
        if currency != "CNY" and on >= date(2026, 6, 1)
        else RATES.get(currency, 10**9)
    )
