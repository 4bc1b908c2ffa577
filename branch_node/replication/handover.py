"""After a standby took the branch over: the fenced node hands over what headquarters had not seen, the present one takes it in.

Row by row, against what headquarters had last seen of it: what only the fenced node changed is taken; what both changed
stays as the present node has it and a person chooses (`RowConflict`). Both sides may repeat everything.
"""

from collections.abc import Awaitable, Callable, Sequence

import msgspec
import structlog

from branch_node.home import home
from branch_node.numbers import catch_up_numbers
from branch_node.replication.applying import data_errors
from branch_node.replication.merging import ask_person, canonical_rows, put_rows
from branch_node.replication.models import ReplicationState
from branch_node.replication.snapshot_models import SnapshotState
from branch_node.replication.source import Log
from shared.database import fetch_all, transaction
from shared.replication.columns import Table, replicated_tables
from shared.replication.handover import (
    HANDED_PATH,
    HANDOVER_PATH,
    ROWS_AT_ONCE,
    HandedAsked,
    HandedReply,
    Handover,
    Row,
)
from shared.replication.messages import CursorReply

log = structlog.get_logger(__name__)
Ask = Callable[[str, bytes], Awaitable[bytes]]
"""A signed request: path and body to the body of the answer; raises what the sender raises."""


async def was_promoted() -> bool:
    """Whether this node took the branch over from another, which may have something to hand over."""
    return await SnapshotState.exists(id=1, role="standby", status="open")


# --- the fenced node -----------------------------------------------------------------------------------------------


async def unseen_rows(changes: Log, state: ReplicationState, cursor: CursorReply | None) -> list[Row]:
    """Rows changed after the position at which headquarters stopped listening; those that are as before are left out."""
    seen = cursor.seq if cursor is not None and cursor.epoch == state.epoch else state.acked_seq
    found = await fetch_all(
        "SELECT tbl, pk, row_before FROM change WHERE seq > :seen AND seq <= :head ORDER BY seq",
        seen=seen,
        head=await changes.head(),
    )
    before: dict[tuple[str, str], str] = {}
    for change in found:
        before.setdefault((change["tbl"], change["pk"]), change["row_before"] or "")
    rows: list[Row] = []
    for name, table in replicated_tables().items():
        ids = [row_id for tbl, row_id in before if tbl == name]
        for start in range(0, len(ids), ROWS_AT_ONCE):
            present = await canonical_rows(table, ids[start : start + ROWS_AT_ONCE])
            rows += [
                Row(name, row_id, before[name, row_id], present.get(row_id, ""))
                for row_id in ids[start : start + ROWS_AT_ONCE]
                if before[name, row_id] != present.get(row_id, "")
            ]
    return rows


async def hand_over(ask: Ask, changes: Log, state: ReplicationState, cursor: CursorReply | None) -> int:
    """Give headquarters what it had not seen; how many rows. Raises what `ask` raises."""
    rows = await unseen_rows(changes, state, cursor)
    for start in range(0, len(rows), ROWS_AT_ONCE):
        said = Handover(home().code, rows[start : start + ROWS_AT_ONCE])
        await ask(HANDOVER_PATH, msgspec.json.encode(said))
    await ask(HANDOVER_PATH, msgspec.json.encode(Handover(home().code, is_all=True)))
    log.warning("handed_over", rows=len(rows))
    return len(rows)


# --- the present node ----------------------------------------------------------------------------------------------


async def take_handed(ask: Ask) -> int:
    """Take in what waits at headquarters; how many rows. Raises what `ask` raises."""
    taken = count = 0
    while True:
        asked = HandedAsked(home().code, taken)
        reply = msgspec.json.decode(await ask(HANDED_PATH, msgspec.json.encode(asked)), type=HandedReply)
        if not reply.rows:
            return count
        async with transaction():
            await take_in(reply.rows)
        taken, count = reply.rows[-1].number, count + len(reply.rows)


async def take_in(rows: Sequence[Row]) -> None:
    """Write rows where nobody here changed them since, ask a person where somebody did."""
    conflicts = 0
    for name, table in replicated_tables().items():
        handed = [row for row in rows if row.table == name]
        ours = await canonical_rows(table, [row.id for row in handed]) if handed else {}
        for row in handed:
            own = ours.get(row.id, "")
            if own == row.after:
                continue
            if own != row.before or not await _is_written(table, row):
                conflicts += await ask_person(row.table, row.id, own, row.after)
    await catch_up_numbers()
    log.warning("handed_rows_taken", rows=len(rows), conflicts=conflicts)


async def _is_written(table: Table, row: Row) -> bool:
    """False when the database refuses the row beside what was written here since."""
    try:
        async with transaction():
            await put_rows(table, [(row.id, row.after or None)])
    except data_errors() as error:
        log.warning("handed_row_refused", table=table.name, row=row.id, error=repr(error))
        return False
    return True
