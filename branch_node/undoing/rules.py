"""What can be taken back, and until when. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from shared.records import (
    Activity,
    Address,
    Contact,
    ContactPoint,
    Customer,
    IntelNote,
    Opportunity,
    PlanItem,
    Record,
)

UNDOABLE: Mapping[str, tuple[type[Record], str]] = {
    "activity": (Activity, "followup.edit"),
    "intel_note": (IntelNote, "intel.edit"),
    "opportunity": (Opportunity, "opportunity.edit"),
    "contact": (Contact, "contact.edit"),
    "contact_point": (ContactPoint, "contact.edit"),
    "address": (Address, "customer.edit"),
    "customer": (Customer, "customer.edit"),
    "plan_item": (PlanItem, "plan.edit"),
}
"""Table -> its model and the right that changing it needs."""
MADE = frozenset({"plan_item"})
"""Tables of which an undo takes back also rows that the act made: they are marked as deleted."""
BESIDE = frozenset({"audit_entry"})
"""Tables whose rows an act writes about itself; they stay."""
OPENED = frozenset({"daily_plan"})
"""Tables of which an act makes a row that others may use from then on, such as the plan of a day; it stays."""
BOOKKEEPING = frozenset({"revision", "changed_at", "changed_by", "recorded_at", "recorded_by", "ver"})
MINUTES = 15


def is_past(done_at: datetime, now: datetime) -> bool:
    """Whether an act is too long ago to be taken back by a button."""
    return now - done_at > timedelta(minutes=MINUTES)
