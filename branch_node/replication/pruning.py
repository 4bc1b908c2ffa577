"""Forgets changes that headquarters has for good: acknowledged and in its last verified backup.

The proof of the position up to which the log was forgotten is kept with the epoch, so that every later position can
still be proved. Changes of customers stay: they are the history that the customer's page shows.
"""

import structlog

from branch_node.replication.closing import stated_position
from branch_node.replication.epochs import position_at
from branch_node.replication.models import ReplicationCheckpoint, ReplicationEpoch, ReplicationState
from branch_node.replication.source import LogRow
from shared.database import engine, execute, fetch_all, fetch_value, transaction

log = structlog.get_logger(__name__)
CHUNK = 5_000
KEPT_TABLE = "customer"
TAB = {"sqlite": "char(9)", "postgres": "chr(9)"}


class PresentLog:
    """The log as a `Log`, read over the connection of the present context."""

    async def head(self) -> int:
        return int(await fetch_value("SELECT max(seq) AS seq FROM change") or 0)

    async def rows(self, after: int, limit: int) -> list[LogRow]:
        tab = TAB[engine()]
        fields = f" || {tab} || ".join(
            ("seq", "txid", "tbl", "op", "schema", "at", "pk", "COALESCE(row_after, '')")
        )
        found = await fetch_all(
            f"SELECT seq, txid, tbl, row_before, {fields} AS line FROM change WHERE seq > :after ORDER BY seq LIMIT {limit}",
            after=after,
        )
        return [
            (row["seq"], row["txid"], row["tbl"], row["row_before"], row["line"].encode()) for row in found
        ]

    async def close(self) -> None:
        return None


def prune_limit(acked_seq: int, safe_seq: int) -> int:
    """Up to where the log may be forgotten."""
    return min(acked_seq, safe_seq)


async def prune() -> int:
    """Forget what may be forgotten; how many changes went. May run at any time, again and beside the sender.

    1 the proof at the limit becomes the epoch's beginning, earlier epochs and checkpoints go, in one transaction
    2 the changes go in chunks; the last change of all stays, so that the head can be read from the log.
    """
    state = await ReplicationState.get_or_none(id=1)
    if state is None:
        return 0
    limit = prune_limit(state.acked_seq, state.safe_seq)
    if stated := await stated_position():
        limit = min(limit, stated)
    era = await ReplicationEpoch.get(epoch=state.epoch)
    if limit > era.base:
        position = await position_at(PresentLog(), state.epoch, limit)
        async with transaction():
            kept = await ReplicationEpoch.filter(epoch=state.epoch, base__lt=limit).update(
                base=limit, chain=position.chain.hex(), digests=position.to_json()
            )
            if not kept:
                return 0
            await ReplicationEpoch.exclude(epoch=state.epoch).delete()
            await ReplicationCheckpoint.filter(seq__lte=limit).delete()
            await ReplicationState.filter(id=1).update(pruned_seq=limit)
    return await _forget(max(limit, state.pruned_seq) if limit > era.base else state.pruned_seq)


async def _forget(limit: int) -> int:
    gone = 0
    last = await fetch_value("SELECT max(seq) AS seq FROM change") or 0
    while True:
        went = await execute(
            "DELETE FROM change WHERE seq IN (SELECT seq FROM change WHERE seq <= :limit AND seq < :last AND tbl <> :kept "
            f"ORDER BY seq LIMIT {CHUNK})",
            limit=limit,
            last=last,
            kept=KEPT_TABLE,
        )
        gone += went
        if went < CHUNK:
            break
    if gone:
        log.info("log_pruned", up_to=limit, changes=gone)
    return gone
