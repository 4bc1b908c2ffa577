"""Applying batches to PostgreSQL: the requests of several branches in one transaction, a few transactions side by side.

Each branch is applied by one connection at a time (its cursor row is locked). Step for step the same as apply_sqlite.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import asyncpg
import structlog

from hq.replication.apply_sql import SELECT_CURSOR, cursor_of, new_cursor, new_mark, table_sql
from hq.replication.batch import Batch, read_changes
from hq.replication.cursor import Cursor
from hq.replication.groups import Groups, in_turns
from hq.replication.outcome import Applied, Contact, EnvironmentFailure
from hq.replication.rows_postgres import apply_apart, apply_some, retry_aside, run
from hq.replication.scratch_postgres import Scratch, make_scratch
from hq.replication.visits import Part, Visit, Written, read_ahead
from shared import clock
from shared.canonical import to_micros
from shared.errors import Refused

log = structlog.get_logger(__name__)
T = TypeVar("T")
SIDE_BY_SIDE = 2
"""How many groups of visits are written at once. More of them would be smaller ones."""


class PostgresApplier:
    """A small pool of its own connections, each with its stage tables."""

    def __init__(self, parameters: dict[str, Any], connections: int = 4) -> None:
        self._parameters = parameters
        self._connections = connections
        self._pool: asyncpg.Pool | None = None
        self.groups = Groups(self._serve, min(SIDE_BY_SIDE, connections))
        self._scratch = Scratch()

    async def start(self) -> None:
        """Open the pool."""
        self._pool = await asyncpg.create_pool(
            **self._parameters,
            min_size=1,
            max_size=self._connections,
            statement_cache_size=1024,
            max_cached_statement_lifetime=0,
            init=make_scratch,
        )

    async def stop(self) -> None:
        """Close the pool after what is running and waiting."""
        await self.groups.finish()
        if self._pool is not None:
            await self._pool.close()

    async def apply(self, batch: Batch, contact: Contact) -> Applied:
        """Apply one batch and return after its commit. Raises Gap, Fork, BadBatch, Replayed, EnvironmentFailure."""
        ahead = (
            read_ahead(batch, table_sql("postgres")) if self.groups.has_room_for(batch.head.rows) else None
        )
        return await self.groups.visit(Visit(contact, batch, ahead))

    async def cursor(self, contact: Contact) -> Applied:
        """Note a contact and return the cursor, committed."""
        return await self.groups.visit(Visit(contact))

    async def retry(self, branch: str) -> Applied:
        """Try everything of a branch that is set aside once more; `rows` says how many were settled."""
        return await self.run(lambda connection: _retry_aside(connection, branch))

    async def run(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """What `work` returns, after the commit of what it wrote. Raises EnvironmentFailure, and what `work` refuses."""
        assert self._pool is not None
        try:
            async with self._pool.acquire() as connection:
                async with connection.transaction():
                    result = await work(connection)
                await self._scratch.tidy(connection)
                return result
        except (asyncpg.PostgresError, OSError, TimeoutError) as error:
            log.error("apply_failed", error=repr(error))
            raise EnvironmentFailure(error) from error

    async def _serve(self, visits: Sequence[Visit]) -> None:
        async def work(connection: Any) -> None:
            await _serve(connection, visits)
            self._scratch.note(connection, visits)

        await self.run(work)


async def _serve(connection: Any, visits: Sequence[Visit]) -> None:
    """Steps: 1 cursors and replay memory, 2 what is new, 3 rows, digests and rollups per table, 4 cursors."""
    cursors = await lock_cursors(connection, [visit.contact.branch for visit in visits])
    met = [visit async for visit in in_turns(visits) if visit.meet(cursors[visit.contact.branch])]
    if bringing := [visit for visit in met if visit.lines]:
        await _write_rows(connection, bringing)
    kept = [visit for visit in met if visit.error is None]
    moved = [(visit.move(), visit.cursor) for visit in kept]
    marks = [new_mark(before, cursor, "postgres") for before, cursor in moved if before is not None]
    if marks:
        await connection.executemany(marks[0][0], [values for _, values in marks])
    await write_cursors(connection, [(visit.cursor, len(visit.lines), visit.wire_bytes) for visit in kept])


async def _write_rows(connection: Any, visits: Sequence[Visit]) -> None:
    """The rows of all at once; when the data of one is refused, each visit alone, and then in halves, setting aside what cannot
    be applied."""
    statements = table_sql("postgres")
    plain = [visit async for visit in in_turns(visits) if visit.is_plain(statements)]
    apart = [visit for visit in visits if visit not in plain]
    if plain and (error := await apply_some(connection, _parts(plain), statements)):
        if len(plain) > 1:
            plain = [visit for visit in plain if await apply_some(connection, _parts([visit]), statements)]
        log.warning("batch_has_bad_rows", branches=[visit.contact.branch for visit in plain], error=error)
        apart += plain
    for visit in apart:
        try:
            async with connection.transaction():
                await apply_apart(connection, visit.cursor, read_changes(visit.lines), statements)
        except Refused as refused:
            visit.error = refused


def _parts(visits: Sequence[Visit]) -> list[Part]:
    return [visit.part for visit in visits if visit.part is not None]


async def lock_cursors(connection: Any, branches: Sequence[str]) -> dict[str, Cursor]:
    """The cursors of branches by code, locked; a branch that has none gets one."""
    query = f"{SELECT_CURSOR} = ANY($1::text[]) ORDER BY branch FOR UPDATE"
    found = {row["branch"]: cursor_of(row) for row in await connection.fetch(query, branches)}
    fresh = [branch for branch in branches if branch not in found]
    for branch in fresh:
        await run(connection, new_cursor(branch, "postgres"))
    return found | (await lock_cursors(connection, fresh) if fresh else {})


async def lock_cursor(connection: Any, branch: str) -> Cursor:
    """The cursor of one branch, locked."""
    return (await lock_cursors(connection, [branch]))[branch]


async def write_cursors(connection: Any, written: Sequence[Written]) -> None:
    """Write cursors back, in one round trip."""
    now = to_micros(clock.now())
    await connection.executemany(
        "UPDATE branch_cursor SET epoch = $1, seq = $2, chain = $3, digests = $4, head_seq = $5, unproven = $6, replay = $7, "
        "contact_at = $8, complete_at = COALESCE($9, complete_at), applied_at = CASE WHEN $10 > 0 THEN $8 ELSE applied_at END, "
        "first_at = CASE WHEN seq = 0 AND $10 > 0 THEN $8 ELSE first_at END, "
        "wire_bytes = wire_bytes + $11, row_count = row_count + $10, status = $13, runs = $14 WHERE branch = $12",
        [
            (
                cursor.epoch, cursor.seq, cursor.chain, json.dumps(cursor.digests), cursor.head_seq,
                json.dumps(cursor.unproven), cursor.replay, now, now if cursor.is_complete else None, rows, wire_bytes,
                cursor.branch, cursor.status, cursor.runs,
            )
            for cursor, rows, wire_bytes in written
        ],
    )  # fmt: skip


async def _retry_aside(connection: Any, branch: str) -> Applied:
    cursor = await lock_cursor(connection, branch)
    count = await retry_aside(connection, cursor)
    cursor.forget_proved()
    await write_cursors(connection, [(cursor, 0, 0)])
    return Applied(cursor.reply(), count, cursor.seq >= cursor.head_seq)
