"""A branch whose log is not the one headquarters knows (restored from an old copy, cloned, both restored) rejoins.

Steps (PROTOCOL.md, Epochs): 1 the last position both have in common; 2 what headquarters holds of our rows changed after
it, kept in `replication_incoming`; 3 one transaction: merge, issue again, new epoch; 4 headquarters is told
(`sender.py`). Each step may be repeated; nothing is dropped on either side.
"""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec
import structlog
import zstandard

from branch_node.replication.epochs import NotInLog, begin_epoch, position_at, rolled_forward, write_epoch
from branch_node.replication.merging import Merge
from branch_node.replication.models import ReplicationEpoch, ReplicationIncoming, ReplicationState
from branch_node.replication.source import Log, Position
from shared.database import engine, execute, execute_many, fetch_value, transaction
from shared.records import SCHEMA_VERSION
from shared.replication.change import decode_line
from shared.replication.columns import replicated_tables
from shared.replication.messages import (
    MARKS_PATH,
    ROWS_PATH,
    CursorReply,
    Hello,
    Mark,
    MarksReply,
    RowsAsked,
    RowsHead,
)

log = structlog.get_logger(__name__)
Ask = Callable[[str, bytes], Awaitable[bytes]]
"""A signed request: path and body to the body of the answer; raises what the sender raises."""

TAKE_IN = (
    "INSERT INTO replication_incoming (tbl, row_id, ver, op, row) VALUES (:tbl, :row_id, :ver, :op, :row) "
    "ON CONFLICT (tbl, row_id) DO UPDATE SET ver = excluded.ver, op = excluded.op, row = excluded.row "
    "WHERE replication_incoming.ver < excluded.ver"
)


class Moved(Exception):
    """Headquarters' cursor moved while its rows were read: begin anew."""


async def rejoin(ask: Ask, branch: str, folder: Path, changes: Log) -> None:
    """Steps 1 to 3. Raises Moved, and what `ask` raises; the database is then as before but for incoming rows."""
    state = await ReplicationState.get(id=1)
    hello = Hello(branch, state.epoch, await changes.head(), SCHEMA_VERSION)
    told = msgspec.json.decode(await ask(MARKS_PATH, msgspec.json.encode(hello)), type=MarksReply)
    cursor = told.cursor
    common = await common_position(changes, [Mark(cursor.epoch, cursor.seq, cursor.chain), *told.marks])
    await _read_rows(ask, branch, cursor, common)
    epoch, merge = await _merge(changes, state, cursor, common)
    write_epoch(folder, epoch)
    log.warning("branch_rejoined", branch=branch, common=common, **merge.counts)


async def common_position(changes: Log, marks: Sequence[Mark]) -> int:
    """The greatest position of `marks` that lies in this log with the same chain hash; 0 when there is none."""
    for era in await ReplicationEpoch.all().order_by("-base"):
        inside = sorted(
            (mark for mark in marks if mark.epoch == era.epoch and mark.seq >= era.base), key=lambda m: m.seq
        )
        position = Position.from_parts(era.base, era.chain, era.digests)
        found: int | None = None
        for mark in inside:
            if era.until is not None and mark.seq > era.until:
                break
            try:
                position = await rolled_forward(changes, position, mark.seq)
            except NotInLog:
                break
            if position.chain.hex() != mark.chain:
                break
            found = mark.seq
        if found is not None:
            return found
    return 0


async def _read_rows(ask: Ask, branch: str, cursor: CursorReply, common: int) -> None:
    """Everything that headquarters holds of our rows changed after `common`, page by page."""
    await ReplicationIncoming.all().delete()
    asked = RowsAsked(branch, common)
    while True:
        body = zstandard.decompress(await ask(ROWS_PATH, msgspec.json.encode(asked)))
        first, _, rest = body.partition(b"\n")
        head = msgspec.json.decode(first, type=RowsHead)
        if (head.epoch, head.seq, head.chain) != (cursor.epoch, cursor.seq, cursor.chain):
            raise Moved("headquarters' cursor moved")
        found = [decode_line(line) for line in rest.split(b"\n")] if rest else []
        async with transaction():
            await execute_many(
                TAKE_IN,
                [
                    {
                        "tbl": one.table,
                        "row_id": one.pk,
                        "ver": one.seq,
                        "op": one.op,
                        "row": one.row.decode(),
                    }
                    for one in found
                ],
            )
        if not head.table:
            return
        asked = RowsAsked(branch, common, head.table, head.after_id)


async def _merge(
    changes: Log, state: ReplicationState, cursor: CursorReply, common: int
) -> tuple[str, Merge]:
    """Step 3. Writers wait meanwhile: on SQLite by the write lock, on PostgreSQL by locks on the tables and the log."""
    async with transaction():
        if engine() == "postgres":
            names = ", ".join(f'"{name}"' for name in replicated_tables())
            await execute(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")
            await execute("LOCK TABLE change_head IN EXCLUSIVE MODE")
        head = await log_head()
        position = await position_at(changes, state.epoch, head)
        base = max(head, cursor.seq)
        era = await begin_epoch(head, base, position.to_json(), cursor, "restored")
        merge = Merge(common, head, is_complete=common >= state.pruned_seq)
        await merge.run()
        await ReplicationIncoming.all().delete()
    return era.epoch, merge


async def log_head() -> int:
    """The last position given out, as the present transaction sees it."""
    query = (
        "SELECT seq FROM change_head"
        if engine() == "postgres"
        else "SELECT seq FROM sqlite_sequence WHERE name = 'change'"
    )
    return int(await fetch_value(query) or 0)
