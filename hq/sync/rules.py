"""What is said of a branch's replication. Pure."""

from datetime import datetime


def lag_seconds(now: datetime, complete_at: datetime | None, waiting: int) -> int | None:
    """For how long something of the branch has been missing; 0 when nothing is, None when it was never complete."""
    if complete_at is None:
        return None
    return max(0, int((now - complete_at).total_seconds())) if waiting else 0


def proof_state(position: int, unproven: int, quarantined: int) -> str:
    """unproven: digests differ or changes are set aside; complete: equal at the position; never: nothing came yet."""
    if unproven or quarantined:
        return "unproven"
    return "complete" if position else "never"


def rest_seconds(rows: int, total: int, elapsed_seconds: float) -> int | None:
    """How long the rest of a run will take at its pace so far; None when nobody can say."""
    if not rows or not total or rows >= total or elapsed_seconds <= 0:
        return None
    return int((total - rows) * elapsed_seconds / rows)
