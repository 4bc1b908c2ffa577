"""Reads of replication: three statements for all branches, a few more for one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hq.figures.freshness import Branch, directory
from hq.figures.shape import Question
from hq.replication.feed import log_head
from hq.replication.feed_models import FeedReader, SnapshotRun, StandbyNode
from hq.replication.models import BranchCursor, BranchEpoch, BranchNode, ScrubRow, ScrubRun, SyncIncident
from hq.replication.snapshot import total_of
from hq.sync.rules import lag_seconds, proof_state
from shared import clock
from shared.database import fetch_all
from shared.errors import NotFound
from shared.records import RowConflict

SHOWN = 20


@dataclass(frozen=True)
class BranchSync:
    """One branch's replication. `lag_seconds` None: never complete; `down_waiting`: changes of headquarters' log that the
    branch has not said it holds, None: it never asked. Bytes are compressed, as they went over the line."""

    branch: Branch
    waiting: int
    lag_seconds: int | None
    proof: str
    unproven: Sequence[str]
    epoch: str
    up_bytes: int
    up_rows: int
    down_seq: int
    down_waiting: int | None
    down_bytes: int
    down_asked_at: datetime | None
    reset_at: datetime | None
    status: str
    node: str


@dataclass(frozen=True)
class Details:
    """What only the page of one branch shows."""

    sync: BranchSync
    public_key: str
    enrolled_at: datetime | None
    standby: StandbyNode | None
    epochs: Sequence[BranchEpoch]
    runs: Sequence[SnapshotRun]
    incidents: Sequence[SyncIncident]
    set_aside: Sequence[dict[str, Any]]
    rows: int
    scrubs: Sequence[ScrubRun]
    findings: Sequence[ScrubRow]
    conflicts: int


async def all_branches(question: Question) -> list[BranchSync]:
    """Every branch within the question's scope, as `directory` orders them."""
    known = await directory(question)
    cursors = {row.branch: row for row in await BranchCursor.all()}
    readers = {row.branch: row for row in await FeedReader.all()}
    nodes = {row.branch: row for row in await BranchNode.all()}
    head = await log_head()
    return [
        sync_of(branch, cursors.get(branch.code), readers.get(branch.code), nodes.get(branch.code), head)
        for branch in known.branches
    ]


def sync_of(
    branch: Branch, cursor: BranchCursor | None, reader: FeedReader | None, node: BranchNode | None, head: int
) -> BranchSync:
    """One branch from its rows."""
    cursor = cursor or BranchCursor(branch=branch.code)
    waiting = max(cursor.head_seq - cursor.seq, 0)
    asked = reader is not None and reader.asked_at is not None
    return BranchSync(
        branch=branch,
        waiting=waiting,
        lag_seconds=lag_seconds(clock.now(), cursor.complete_at, waiting),
        proof=proof_state(cursor.seq, len(cursor.unproven), branch.quarantined),
        unproven=sorted(cursor.unproven),
        epoch=cursor.epoch,
        up_bytes=cursor.wire_bytes,
        up_rows=cursor.row_count,
        down_seq=reader.seq if reader else 0,
        down_waiting=max(head - reader.seq, 0) if reader and asked else None,
        down_bytes=reader.wire_bytes if reader else 0,
        down_asked_at=reader.asked_at if reader else None,
        reset_at=reader.reset_at if reader else None,
        status=cursor.status,
        node=node.status if node else "",
    )


async def details(question: Question, code: str) -> Details:
    """One branch. NotFound outside the question's scope."""
    sync = next((row for row in await all_branches(question) if row.branch.code == code), None)
    if sync is None:
        raise NotFound()
    node = await BranchNode.get_or_none(branch=code)
    return Details(
        sync=sync,
        public_key=node.public_key if node else "",
        enrolled_at=node.enrolled_at if node else None,
        standby=await StandbyNode.get_or_none(branch=code),
        epochs=await BranchEpoch.filter(branch=code).order_by("-id").limit(SHOWN),
        runs=await SnapshotRun.filter(branch=code).order_by("-id").limit(5),
        incidents=await SyncIncident.filter(branch=code).order_by("-id").limit(SHOWN),
        set_aside=await fetch_all(
            "SELECT tbl, reason, COUNT(*) AS n FROM quarantined_change WHERE branch = :code AND settled_at IS NULL "
            "GROUP BY tbl, reason ORDER BY n DESC",
            code=code,
        ),
        rows=await rows_held(code),
        scrubs=await ScrubRun.filter(branch=code).exclude(status="replaced").order_by("-id").limit(5),
        findings=await ScrubRow.filter(branch=code).order_by("-id").limit(SHOWN),
        conflicts=await RowConflict.filter(branch=code, status="open", deleted_at=None).count(),
    )


async def rows_held(code: str) -> int:
    """How many rows of the branch headquarters holds, as its digests count them."""
    cursor = await BranchCursor.get_or_none(branch=code)
    return total_of(cursor.digests) if cursor else 0
