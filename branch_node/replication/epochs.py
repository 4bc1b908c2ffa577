"""Which epoch this database's log is in, and the proof of any position in it.

An epoch is kept in the database and, outside it, in the file `epoch` of the node's folder: a database put back from a
copy is then seen before headquarters is asked. Positions grow over epochs; a chain begins with its epoch.
"""

import asyncio
import secrets
from pathlib import Path

import structlog

from branch_node.replication.models import ReplicationCheckpoint, ReplicationEpoch, ReplicationState
from branch_node.replication.source import Log, Position
from shared.database import engine, execute, transaction
from shared.replication.change import CHAIN_START
from shared.replication.messages import CursorReply

log = structlog.get_logger(__name__)
STEP = 5_000


class NotInLog(Exception):
    """The position does not lie in what is kept of this log."""


def epoch_file(folder: Path) -> Path:
    """Where the epoch is noted outside the database."""
    return folder / "epoch"


async def ensure_epoch(folder: Path) -> ReplicationState:
    """The state row, made with a fresh random epoch on the first start; the file then names the same epoch.

    A file with an epoch that this database never heard of says that an older copy was put back: it is logged, and
    headquarters' cursor will not lie in this log, so that the branch rejoins at its first contact.
    """
    async with transaction():
        state = await ReplicationState.get_or_none(id=1)
        if state is None:
            state = await ReplicationState.create(id=1, epoch=secrets.token_hex(16))
        if not await ReplicationEpoch.exists(
            epoch=state.epoch
        ):  # also of a first start that was cut short before it was one step
            await ReplicationEpoch.create(epoch=state.epoch)
    path = epoch_file(folder)
    noted = path.read_text().strip() if path.exists() else state.epoch
    if noted != state.epoch and not await ReplicationEpoch.exists(epoch=noted):
        log.warning("database_is_an_older_copy", epoch=state.epoch, noted=noted)
    write_epoch(folder, state.epoch)
    return state


def write_epoch(folder: Path, epoch: str) -> None:
    """Note the epoch outside the database, complete or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / ".epoch.new"
    draft.write_text(epoch)
    draft.replace(epoch_file(folder))


async def begin_epoch(
    head: int, base: int, digests: str, origin: CursorReply, reason: str
) -> ReplicationEpoch:
    """End the present epoch, if any, at `head` and begin another after `base`, inside the caller's transaction.

    The log goes on at `base` + 1. `digests` are those of the branch's rows at this moment, as `Position.to_json` writes
    them. `origin` is the position at which headquarters must stand when it is told (`EpochBegin`). The caller notes the
    epoch outside the database after the commit (`write_epoch`).
    """
    epoch = secrets.token_hex(16)
    state = await ReplicationState.get_or_none(id=1)
    if state is None:
        await ReplicationState.create(id=1, epoch=epoch, acked_seq=base)
    else:
        await ReplicationEpoch.filter(epoch=state.epoch).update(until=head)
        await ReplicationState.filter(id=1).update(epoch=epoch, safe_seq=0)
    await move_head(base)
    return await ReplicationEpoch.create(
        epoch=epoch,
        base=base,
        digests=digests,
        origin_epoch=origin.epoch,
        origin_seq=origin.seq,
        origin_chain=origin.chain,
        reason=reason,
    )


def is_beginning(era: ReplicationEpoch, cursor: CursorReply) -> bool:
    """Whether headquarters stands exactly where this epoch was begun from, and all of the epoch is still in the log."""
    return (
        era.reason != "first"
        and era.chain == CHAIN_START.hex()
        and (era.origin_epoch, era.origin_seq, era.origin_chain) == (cursor.epoch, cursor.seq, cursor.chain)
    )


async def move_head(seq: int) -> None:
    """The next change of the log gets the position `seq` + 1. Never moves back."""
    if engine() == "postgres":
        await execute("UPDATE change_head SET seq = :seq WHERE seq < :seq", seq=seq)
    elif not await execute("UPDATE sqlite_sequence SET seq = max(seq, :seq) WHERE name = 'change'", seq=seq):
        await execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('change', :seq)", seq=seq)


async def position_at(changes: Log, epoch: str, seq: int) -> Position:
    """Chain and digests at `seq` of an epoch: from the nearest checkpoint before it, rolled forward over the log.

    Raises NotInLog when the epoch is another database's, the position lies outside it or was pruned.
    """
    era = await ReplicationEpoch.get_or_none(epoch=epoch)
    if era is None or seq < era.base or (era.until is not None and seq > era.until):
        raise NotInLog(f"position {seq} of epoch {epoch}")
    found = (
        await ReplicationCheckpoint.filter(epoch=epoch, seq__lte=seq, seq__gt=era.base)
        .order_by("-seq")
        .first()
    )
    position = (
        Position.from_parts(found.seq, found.chain, found.digests)
        if found
        else Position.from_parts(era.base, era.chain, era.digests)
    )
    return await rolled_forward(changes, position, seq)


async def rolled_forward(changes: Log, position: Position, seq: int) -> Position:
    """`position` moved to `seq` over the log. Raises NotInLog when the log ends before it or has a hole."""
    while position.seq < seq:
        rows = await changes.rows(position.seq, min(STEP, seq - position.seq))
        if not rows or rows[-1][0] != position.seq + len(rows):
            raise NotInLog(f"the log has no position {seq}")
        await asyncio.to_thread(position.advance, rows)
    return position
