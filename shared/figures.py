"""The one definition of every number that is shown at both ends: pure, called by branch and headquarters alike.

Each replicated row alone says what it adds to which measure: an `Entry` names the table, the measure, the day on
which it counts and the amounts. Headquarters folds entries into rollups as rows arrive; a branch and the proof
compute the same sums from the rows. Nothing here reads a clock or a database.

Units: amounts in minor units (`amount` in the document's currency, `base` in the branch's base currency), counts as
they are. Days are business dates of the branch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from shared.i18n import N_

Better = Literal["higher", "lower", "none"]


@dataclass(frozen=True)
class Measure:
    """A measure: stable name, label, whether it is money, and which direction is favourable."""

    name: str
    label: str
    is_money: bool
    better: Better


MEASURES: Mapping[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure("ordered", N_("Ordered"), True, "higher"),
        Measure("cancelled", N_("Cancelled"), True, "lower"),
        Measure("shipped", N_("Shipped"), True, "higher"),
        Measure("due", N_("Due"), True, "none"),
        Measure("received", N_("Received"), True, "higher"),
        Measure("credited", N_("Credited"), True, "lower"),
        Measure("written_off", N_("Written off"), True, "lower"),
        Measure("receipts", N_("Receipts"), True, "higher"),
        Measure("allocated", N_("Allocated"), True, "none"),
        Measure("remaining_by_due", N_("Remaining"), True, "lower"),
        Measure("expense", N_("Expense"), True, "lower"),
        Measure("customers_new", N_("New customers"), False, "higher"),
        Measure("customers_signed", N_("Signed customers"), False, "higher"),
        Measure("customers_by_last_contact", N_("Last contact"), False, "none"),
        Measure("customers_by_next_contact", N_("Next contact"), False, "none"),
        Measure("activities", N_("Follow-ups"), False, "higher"),
        Measure("plan_items", N_("Plan items"), False, "higher"),
        Measure("plans", N_("Daily plans"), False, "higher"),
    )
}


@dataclass(frozen=True)
class Entry:
    """What rows of one table add to one measure: SQL expressions over the row's own columns.

    `day` is a date column; `amount` and `base` are minor units (0 for counts); `count` is how many; `dim` splits the
    measure further (expense category, kind of activity, state of a plan item). Only rows where `where` holds
    and `day` is not null count; soft-deleted rows never do.
    """

    table: str
    measure: str
    day: str
    amount: str = "0"
    base: str = "0"
    count: str = "1"
    dim: str = "''"
    currency: str = "''"
    employee: str = "owner_id"
    department: str = "department_id"
    where: str = "1 = 1"


CREDITED = "approved_on IS NOT NULL"
"""A share of an order counts while the order is in effect."""
APPROVED_ORDER = "approved_on IS NOT NULL AND status IN ('approved', 'executing', 'completed', 'cancelled')"
COUNTED_EXPENSE = "status IN ('approved', 'paid')"

ENTRIES: tuple[Entry, ...] = (
    Entry("sales_order", "ordered", "approved_on", "total_minor", "base_minor", currency="currency", where=APPROVED_ORDER),
    Entry("sales_order", "cancelled", "cancelled_on", "total_minor", "base_minor", currency="currency", where=APPROVED_ORDER),
    Entry("sales_order", "shipped", "shipped_on", "total_minor", "base_minor", currency="currency", where=APPROVED_ORDER + " AND cancelled_on IS NULL"),
    # An order counts with its owner; a share of it moves from there to who is credited, and adds nothing.
    Entry("order_share", "ordered", "approved_on", "amount_minor", "base_minor", "0", currency="currency", employee="employee_id", where=CREDITED),
    Entry("order_share", "ordered", "approved_on", "-amount_minor", "-base_minor", "0", currency="currency", where=CREDITED),
    Entry("order_share", "cancelled", "cancelled_on", "amount_minor", "base_minor", "0", currency="currency", employee="employee_id", where=CREDITED),
    Entry("order_share", "cancelled", "cancelled_on", "-amount_minor", "-base_minor", "0", currency="currency", where=CREDITED),
    Entry("order_share", "shipped", "shipped_on", "amount_minor", "base_minor", "0", currency="currency", employee="employee_id", where=CREDITED + " AND cancelled_on IS NULL"),
    Entry("order_share", "shipped", "shipped_on", "-amount_minor", "-base_minor", "0", currency="currency", where=CREDITED + " AND cancelled_on IS NULL"),
    Entry("receivable", "due", "happened_on", "amount_minor", "base_minor", currency="currency"),
    Entry("receivable", "due", "cancelled_on", "-amount_minor", "-base_minor", "-1", currency="currency"),
    Entry("receivable", "remaining_by_due", "due_on", "amount_minor", "base_minor", currency="currency", where="cancelled_on IS NULL"),
    Entry("allocation", "received", "happened_on", "amount_minor", "base_minor", currency="currency", where="reverses_id IS NULL"),
    Entry("allocation", "received", "happened_on", "-amount_minor", "-base_minor", "-1", currency="currency", where="reverses_id IS NOT NULL"),
    Entry("allocation", "allocated", "happened_on", "amount_minor", "receipt_base_minor", currency="currency", where="reverses_id IS NULL"),
    Entry("allocation", "allocated", "happened_on", "-amount_minor", "-receipt_base_minor", "-1", currency="currency", where="reverses_id IS NOT NULL"),
    Entry("allocation", "remaining_by_due", "due_on", "-amount_minor", "-base_minor", "0", currency="currency", where="reverses_id IS NULL"),
    Entry("allocation", "remaining_by_due", "due_on", "amount_minor", "base_minor", "0", currency="currency", where="reverses_id IS NOT NULL"),
    Entry("adjustment", "credited", "happened_on", "amount_minor", "base_minor", currency="currency", where="kind = 'credit' AND reverses_id IS NULL"),
    Entry("adjustment", "credited", "happened_on", "-amount_minor", "-base_minor", "-1", currency="currency", where="kind = 'credit' AND reverses_id IS NOT NULL"),
    Entry("adjustment", "written_off", "happened_on", "amount_minor", "base_minor", currency="currency", where="kind = 'write_off' AND reverses_id IS NULL"),
    Entry("adjustment", "written_off", "happened_on", "-amount_minor", "-base_minor", "-1", currency="currency", where="kind = 'write_off' AND reverses_id IS NOT NULL"),
    Entry("adjustment", "remaining_by_due", "due_on", "-amount_minor", "-base_minor", "0", currency="currency", where="reverses_id IS NULL"),
    Entry("adjustment", "remaining_by_due", "due_on", "amount_minor", "base_minor", "0", currency="currency", where="reverses_id IS NOT NULL"),
    Entry("receipt", "receipts", "happened_on", "amount_minor", "base_minor", currency="currency"),
    Entry("receipt", "receipts", "reversed_on", "-amount_minor", "-base_minor", "-1", currency="currency"),
    Entry("expense", "expense", "happened_on", "amount_minor", "base_minor", currency="currency", dim="category", where=COUNTED_EXPENSE),
    Entry("customer", "customers_new", "acquired_on", where="merged_into_id IS NULL"),
    Entry("customer", "customers_signed", "signed_on", where="merged_into_id IS NULL"),
    Entry("customer", "customers_by_last_contact", "last_contact_on", where="merged_into_id IS NULL AND status IN ('prospect', 'customer')"),
    Entry("customer", "customers_by_next_contact", "next_contact_on", where="merged_into_id IS NULL AND status IN ('prospect', 'customer')"),
    Entry("activity", "activities", "happened_on", dim="kind", where="status = 'done'"),
    Entry("plan_item", "plan_items", "happened_on", dim="status", employee="employee_id"),
    Entry("daily_plan", "plans", "happened_on", dim="status", employee="employee_id"),
)  # fmt: skip


def entries_of(table: str) -> tuple[Entry, ...]:
    """The entries that rows of `table` make; empty for a table that no figure counts."""
    return tuple(entry for entry in ENTRIES if entry.table == table)


AGEING_BUCKETS = ("not_due", "1-30", "31-60", "61-90", "91+")
AGEING_LABELS: Mapping[str, str] = {
    "not_due": N_("Not due"),
    "1-30": N_("1–30 days"),
    "31-60": N_("31–60 days"),
    "61-90": N_("61–90 days"),
    "91+": N_("Over 90 days"),
}


def ageing_bucket(due_on: date, as_of: date) -> str:
    """The bucket of an amount payable on `due_on`, by days past it in the branch's calendar."""
    days = (as_of - due_on).days
    if days <= 0:
        return "not_due"
    if days <= 30:
        return "1-30"
    if days <= 60:
        return "31-60"
    return "61-90" if days <= 90 else "91+"


def ageing_bounds(as_of: date) -> dict[str, tuple[date, date]]:
    """First and last due date (both included) of each bucket, for range sums."""
    return {
        "not_due": (as_of, date.max),
        "1-30": (as_of - timedelta(days=30), as_of - timedelta(days=1)),
        "31-60": (as_of - timedelta(days=60), as_of - timedelta(days=31)),
        "61-90": (as_of - timedelta(days=90), as_of - timedelta(days=61)),
        "91+": (date.min, as_of - timedelta(days=91)),
    }


def unallocated(receipts: int, allocated: int) -> int:
    """Receipts less what was allocated of them, both at the receipts' own rates: never below zero."""
    return receipts - allocated


def remaining(due: int, received: int, credited: int, written_off: int) -> int:
    """due - received - credited - written off, in minor units."""
    return due - received - credited - written_off


def sales(ordered: int, cancelled: int) -> int:
    """Approved order value less what was cancelled, each counted on its own date."""
    return ordered - cancelled


INCOME_RULES: Mapping[str, str] = {
    "approval": N_("income counts when an order is approved"),
    "shipment": N_("income counts when goods are shipped"),
    "receipt": N_("income counts when money is received"),
}


def income(rule: str, *, ordered: int, cancelled: int, shipped: int, receipts: int) -> int:
    """Income of a period by the declared rule. Raises KeyError for an unknown rule."""
    return {"approval": ordered - cancelled, "shipment": shipped, "receipt": receipts}[rule]


def operating_profit(income_minor: int, expense_minor: int) -> int:
    """income - expense of the same period and unit."""
    return income_minor - expense_minor


def completion_bp(actual: int, target: int | None) -> int | None:
    """actual / target in basis points (rounded down); None where there is no target or it is 0."""
    if not target:
        return None
    return actual * 10_000 // target


def is_favourable(better: Better, difference: int) -> bool | None:
    """Whether a variance is good; None when it is zero or the measure has no better side."""
    if difference == 0 or better == "none":
        return None
    return (difference > 0) == (better == "higher")


def time_passed_bp(first: date, after: date, today: date) -> int:
    """How much of a period has passed at the end of `today`, in basis points between 0 and 10,000."""
    days = (after - first).days
    passed = min(max((today - first).days + 1, 0), days)
    return passed * 10_000 // days


@dataclass(frozen=True)
class Ageing:
    """Remaining by days past due, minor units; the buckets add up to `total`."""

    buckets: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.buckets.values())

    @property
    def overdue(self) -> int:
        return self.total - self.buckets.get("not_due", 0)


def ageing_of(items: Sequence[tuple[date, int]], as_of: date) -> Ageing:
    """The ageing of (due date, remaining minor units) pairs."""
    buckets = dict.fromkeys(AGEING_BUCKETS, 0)
    for due_on, amount in items:
        buckets[ageing_bucket(due_on, as_of)] += amount
    return Ageing(buckets)
