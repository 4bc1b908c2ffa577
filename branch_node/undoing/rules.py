"""What can be taken back, and until when. Pure."""

from datetime import datetime, timedelta

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
