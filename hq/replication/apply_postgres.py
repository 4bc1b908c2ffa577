"""Applying batches to PostgreSQL: the rows travel as one JSON parameter and the database does the rest.

Each branch is applied by one connection at a time (its cursor row is locked); different branches run side by side.
Statement for statement the same steps as apply_sqlite.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, TypeVar

import asyncpg
import structlog

from hq.figures.journal import keep_sql
from hq.figures.rollup import fold_sql
from hq.replication.apply_sql import (
    SELECT_CURSOR,
    TableSql,
    as_change,
    cursor_of,
    failed_again,
    is_newer,
    new_cursor,
    new_mark,
    parked_for,
    recent_poison,
    set_aside,
    settled,
    table_sql,
    typed_rows,
    waiting_aside,
)
from hq.replication.batch import Batch, TableChanges, collapse, gathered, read_changes
from hq.replication.cursor import SYSTEMIC_WINDOW, Cursor, is_systemic, lines_to_apply
from hq.replication.outcome import Applied, Contact, EnvironmentFailure, Held, received
from shared import clock
from shared.database.fields import to_micros
from shared.records.versions import is_readable
from shared.replication.change import Change, Digest

log = structlog.get_logger(__name__)
T = TypeVar("T")

DATA_ERRORS = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, ValueError, TypeError)
_DELTA_TYPES = (
    "measure varchar, period varchar, branch varchar, dim varchar, currency varchar, department varchar, "
    "employee varchar, amount bigint, base bigint, n bigint, tbl varchar, row_id varchar, due_on varchar, "
    "customer varchar, sale varchar, instalment varchar"
)
ZONE_OF = "SELECT timezone FROM branch WHERE branch = $1 AND deleted_at IS NULL"


class PostgresApplier:
    """A small pool of its own connections, each with its stage tables."""

    def __init__(self, parameters: dict[str, Any], connections: int = 4) -> None:
        self._parameters = parameters
        self._connections = connections
        self._pool: asyncpg.Pool | None = None

    async def start(self) -> None:
        """Open the pool."""
        self._pool = await asyncpg.create_pool(
            **self._parameters,
            min_size=1,
            max_size=self._connections,
            statement_cache_size=1024,
            max_cached_statement_lifetime=0,
            init=_prepare,
        )

    async def stop(self) -> None:
        """Close the pool after what is running."""
        if self._pool is not None:
            await self._pool.close()

    async def apply(self, batch: Batch, contact: Contact) -> Applied:
        """Apply one batch and return after its commit. Raises Gap, Fork, BadBatch, Replayed, EnvironmentFailure."""
        return await self.run(lambda connection: _apply_batch(connection, batch, contact))

    async def retry(self, branch: str) -> Applied:
        """Try everything of a branch that is set aside once more; `rows` says how many were settled."""
        return await self.run(lambda connection: _retry_aside(connection, branch))

    async def cursor(self, contact: Contact) -> Applied:
        """Note a contact and return the cursor, committed."""
        return await self.run(lambda connection: _note_contact(connection, contact))

    async def run(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """What `work` returns, after the commit of what it wrote. Raises EnvironmentFailure, and what `work` refuses."""
        assert self._pool is not None
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                return await work(connection)
        except (asyncpg.PostgresError, OSError, TimeoutError) as error:
            log.error("apply_failed", error=repr(error))
            raise EnvironmentFailure(error) from error


async def _note_contact(connection: Any, contact: Contact) -> Applied:
    cursor = await lock_cursor(connection, contact.branch)
    contact.admit(cursor)
    refusal = contact.greet(cursor)
    if not cursor.epoch or contact.epoch == cursor.epoch:
        cursor.head_seq = max(contact.head, cursor.seq)
    await write_cursor(connection, cursor)
    return Applied(cursor.reply(), 0, cursor.seq >= cursor.head_seq, refusal, cursor.status)


async def _retry_aside(connection: Any, branch: str) -> Applied:
    """In the order of the log; what a later change has overtaken is settled without being applied."""
    statements, count = table_sql("postgres"), 0
    cursor = await lock_cursor(connection, branch)
    for row in await connection.fetch(waiting_aside("postgres"), branch):
        change_id, change = as_change(row)
        if parked_for(change, statements):
            continue
        known = (branch, change.table, change.pk, change.seq)
        if await connection.fetch(is_newer(change.table, "postgres"), *known):
            await _run(connection, settled(change_id, "superseded", "postgres"))
        elif error := await _apply_some(connection, cursor, [change], statements):
            await _run(connection, failed_again(change_id, error, "postgres"))
            continue
        else:
            await _run(connection, settled(change_id, "applied", "postgres"))
        count += 1
    cursor.forget_proved()
    await write_cursor(connection, cursor)
    return Applied(cursor.reply(), count, cursor.seq >= cursor.head_seq)


async def _prepare(connection: Any) -> None:
    """Per connection: stage tables that empty themselves at commit."""
    statements = []
    for name in table_sql("postgres"):
        for relation in (f"stage_{name}", f"old_{name}"):
            statements.append(
                f'CREATE TEMP TABLE IF NOT EXISTS {relation} (LIKE "{name}") ON COMMIT DELETE ROWS'
            )
            statements += [
                f"ALTER TABLE {relation} ALTER COLUMN {column} DROP NOT NULL"
                for column in ("ver", "revision")
            ]
    statements.append(f"CREATE TEMP TABLE IF NOT EXISTS delta ({_DELTA_TYPES}) ON COMMIT DELETE ROWS")
    statements.append("CREATE TEMP TABLE IF NOT EXISTS gone (id uuid, ver bigint) ON COMMIT DELETE ROWS")
    await connection.execute("; ".join(statements))


async def _run(connection: Any, statement: tuple[str, tuple[Any, ...]]) -> None:
    await connection.fetch(statement[0], *statement[1])


async def lock_cursor(connection: Any, branch: str) -> Cursor:
    query = f"{SELECT_CURSOR}$1 FOR UPDATE"
    found = await connection.fetchrow(query, branch)
    if found is None:
        await _run(connection, new_cursor(branch, "postgres"))
        found = await connection.fetchrow(query, branch)
    return cursor_of(found)


async def write_cursor(connection: Any, cursor: Cursor, *, rows: int = 0, wire_bytes: int = 0) -> None:
    now = to_micros(clock.now())
    complete = now if cursor.seq >= cursor.head_seq and not cursor.unproven else None
    await connection.fetch(
        "UPDATE branch_cursor SET epoch = $1, seq = $2, chain = $3, digests = $4, head_seq = $5, unproven = $6, replay = $7, "
        "contact_at = $8, complete_at = COALESCE($9, complete_at), applied_at = CASE WHEN $10 > 0 THEN $8 ELSE applied_at END, "
        "wire_bytes = wire_bytes + $11, row_count = row_count + $10, status = $13, runs = $14 WHERE branch = $12",
        cursor.epoch, cursor.seq, cursor.chain, json.dumps(cursor.digests), cursor.head_seq,
        json.dumps(cursor.unproven), cursor.replay, now, complete, rows, wire_bytes, cursor.branch,
        cursor.status, cursor.runs,
    )  # fmt: skip


async def _apply_batch(connection: Any, batch: Batch, contact: Contact) -> Applied:
    """Steps: 1 cursor and replay memory, 2 what is new, 3 rows, digests and rollups per table, 4 cursor."""
    cursor = await lock_cursor(connection, contact.branch)
    contact.admit(cursor)
    contact.keep_place(cursor)
    was = cursor.status
    lines = lines_to_apply(cursor, batch)
    if lines:
        await _apply_lines(connection, cursor, lines, is_readable(batch.head.schema))
        before = cursor.seq
        cursor.status = "normal" if was in ("held", "released") else was
        cursor.epoch, cursor.seq, cursor.chain = batch.head.epoch, batch.head.last, batch.head.chain
        contact.compare_digests(cursor, batch.head)
        await _run(connection, new_mark(before, cursor, "postgres"))
    cursor.head_seq = max(batch.head.head, cursor.seq)
    await write_cursor(connection, cursor, rows=len(lines), wire_bytes=batch.wire_bytes)
    return Applied(cursor.reply(), len(lines), cursor.seq >= cursor.head_seq, None, was)


async def _apply_lines(connection: Any, cursor: Cursor, lines: Sequence[bytes], is_read: bool) -> None:
    """All changes at once; when the data of one is refused, in halves, setting aside what cannot be applied."""
    statements = table_sql("postgres")
    tables = collapse(lines, cursor.seq)
    if is_read and all(name in statements for name in tables):
        digests = dict(cursor.digests)
        try:
            async with connection.transaction():
                await _apply_tables(connection, cursor, tables, statements)
            return
        except DATA_ERRORS as error:
            cursor.digests = digests
            log.warning("batch_has_bad_rows", branch=cursor.branch, error=repr(error))
    await _apply_apart(connection, cursor, read_changes(lines), statements)


async def _apply_apart(
    connection: Any, cursor: Cursor, changes: list[Change], statements: dict[str, TableSql]
) -> None:
    """Set aside what cannot be applied. Raises Held when that is too much, unless a person let it through."""
    known = []
    for change in changes:
        if reason := parked_for(change, statements):
            await _run(connection, set_aside(cursor, change, reason, "", "postgres"))
        else:
            known.append(change)
    bad = 0
    async for part, error in _bisected(connection, cursor, known, statements):
        await _run(connection, set_aside(cursor, part, "poison", error, "postgres"))
        bad += 1
        if cursor.status != "released" and is_systemic(bad, len(changes)):
            raise Held
    if bad and cursor.status != "released":
        end = cursor.seq + len(changes)
        recent = (cursor.branch, cursor.epoch, end - SYSTEMIC_WINDOW)
        if is_systemic(await connection.fetchval(recent_poison("postgres"), *recent), min(SYSTEMIC_WINDOW, end)):  # fmt: skip
            raise Held


async def _bisected(
    connection: Any, cursor: Cursor, changes: list[Change], statements: dict[str, TableSql]
) -> AsyncIterator[tuple[Change, str]]:
    """Apply all that can be; each change that cannot, with the reason, found by halving."""
    error = await _apply_some(connection, cursor, changes, statements) if changes else ""
    if error and len(changes) == 1:
        yield changes[0], error
    elif error:
        middle = len(changes) // 2
        for half in (changes[:middle], changes[middle:]):
            async for found in _bisected(connection, cursor, half, statements):
                yield found


async def _apply_some(
    connection: Any, cursor: Cursor, changes: list[Change], statements: dict[str, TableSql]
) -> str:
    """Apply changes together or not at all; why their data was refused, empty when it was not."""
    digests = dict(cursor.digests)
    try:
        async with connection.transaction():
            await _apply_tables(connection, cursor, gathered(changes), statements)
    except DATA_ERRORS as error:
        cursor.digests = digests
        return repr(error)
    return ""


async def _apply_tables(
    connection: Any, cursor: Cursor, tables: dict[str, TableChanges], statements: dict[str, TableSql]
) -> None:
    counted = False
    for name, changes in tables.items():
        sql = statements[name]
        digest = Digest.parse(cursor.digests.get(name, ""))
        await _apply_table(connection, cursor.branch, sql, changes, digest)
        cursor.digests[name] = digest.text()
        counted = counted or sql.counted
    if counted:
        await connection.fetch(fold_sql("delta"))
        zone = await connection.fetchval(ZONE_OF, cursor.branch)
        await connection.fetch(keep_sql("$1::bigint", "$2::varchar"), *received(zone))
        await connection.fetch("DELETE FROM delta")


async def _apply_table(
    connection: Any, branch: str, sql: TableSql, changes: TableChanges, digest: Digest
) -> None:
    """New rows go straight in, what they add to the figures with them; where some are known, or gone, their old image is
    taken first. The digest follows."""
    rows, wider = typed_rows(sql, changes, branch)
    if not changes.gone and not await connection.fetch(sql.known, [pk.decode() for pk in changes.rows]):
        await connection.fetch(sql.insert, *zip(*rows, strict=True))
    else:
        for row_id in await _replace(connection, branch, sql, rows, changes.gone):
            del changes.rows[row_id]
        digest.remove_all([row["row"].encode() for row in await connection.fetch(sql.old_canonical)])
        await connection.fetch(f"DELETE FROM stage_{sql.table.name}")
        await connection.fetch(f"DELETE FROM old_{sql.table.name}")
    for pk, row in wider:
        if pk.encode() in changes.rows:
            await connection.fetch(sql.widen, row, pk)
    digest.add_all([row for _seq, row in changes.rows.values()])


async def _replace(
    connection: Any, branch: str, sql: TableSql, rows: list[tuple[Any, ...]], gone: dict[bytes, int]
) -> list[bytes]:
    """Stage, old image, guarded upsert, deletions, delta; the ids of rows that are newer here and stay as they are."""
    stale: list[bytes] = []
    if rows:
        await connection.fetch(sql.stage, *zip(*rows, strict=True))
        await connection.fetch(sql.take_old)
        if await connection.fetch(sql.foreign):
            raise ValueError("a row with this id belongs to another branch")
        stale = [row["id"].encode() for row in await connection.fetch(sql.drop_stale)]
        if stale:
            await connection.fetch(sql.forget_stale)
        await connection.fetch(sql.upsert)
    if gone:
        await _take_gone(connection, branch, sql, gone)
    if sql.counted:
        await connection.fetch(sql.delta_staged)
    return stale


async def _take_gone(connection: Any, branch: str, sql: TableSql, gone: dict[bytes, int]) -> None:
    await connection.fetch("DELETE FROM gone")
    await connection.fetch(
        "INSERT INTO gone (id, ver) SELECT * FROM unnest($1::uuid[], $2::bigint[])",
        [pk.decode() for pk in gone],
        list(gone.values()),
    )
    await connection.fetch(sql.take_gone)
    await connection.fetch(sql.delete_gone)
    await connection.fetch(
        "INSERT INTO tombstone (branch, tbl, row_id, ver) SELECT $1, $2, id::text, ver FROM gone "
        "ON CONFLICT (branch, tbl, row_id) DO UPDATE SET ver = excluded.ver",
        branch,
        sql.table.name,
    )
