"""How far headquarters has this branch's changes, and this branch headquarters' own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from branch_node.replication.inbox_models import InboxAside, InboxState
from branch_node.replication.models import ReplicationEpoch, ReplicationState
from shared.database import fetch_all, fetch_value

SHOWN = 20


@dataclass(frozen=True)
class Sync:
    """`acked_seq` of `head_seq` is at headquarters; `oldest_at` is when the oldest waiting change was written."""

    head_seq: int
    acked_seq: int
    acked_at: datetime | None
    contact_at: datetime | None
    unreachable_since: datetime | None
    trouble: str
    epochs: Sequence[ReplicationEpoch]
    waiting: Sequence[dict[str, Any]]
    inbox: InboxState
    aside: Sequence[InboxAside]

    @property
    def waiting_count(self) -> int:
        return max(self.head_seq - self.acked_seq, 0)


async def sync() -> Sync:
    """Everything the page shows, in a few statements."""
    state = await ReplicationState.get_or_none(id=1) or ReplicationState(epoch="")
    head = int(await fetch_value("SELECT MAX(seq) AS seq FROM change") or state.acked_seq)
    waiting = await fetch_all(
        "SELECT tbl, COUNT(*) AS n, MIN(at) AS oldest FROM change WHERE seq > :acked GROUP BY tbl ORDER BY n DESC",
        acked=state.acked_seq,
    )
    return Sync(
        head_seq=head,
        acked_seq=state.acked_seq,
        acked_at=state.acked_at,
        contact_at=state.contact_at,
        unreachable_since=state.unreachable_since,
        trouble=state.trouble,
        epochs=await ReplicationEpoch.all().order_by("-begun_at").limit(SHOWN),
        waiting=waiting,
        inbox=await InboxState.get_or_none(id=1) or InboxState(id=1),
        aside=await InboxAside.all().order_by("-id").limit(SHOWN),
    )
