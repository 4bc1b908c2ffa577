"""Rows into PostgreSQL's tables, set by set, with what they add to the figures; and one by one where some cannot be applied.

Statement for statement the same steps as rows_sqlite; the rows travel by COPY, which costs server and sender half of arrays.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import asyncpg

from hq.figures.journal import REPEATED, keep_sql
from hq.figures.rollup import fold_sql
from hq.replication.apply_sql import (
    TableSql,
    as_change,
    failed_again,
    homes_sql,
    is_newer,
    parked_for,
    recent_poison,
    set_aside,
    settled,
    table_sql,
    waiting_aside,
)
from hq.replication.batch import gathered
from hq.replication.cursor import SYSTEMIC_WINDOW, Cursor, is_systemic
from hq.replication.groups import in_turns
from hq.replication.outcome import Held, received_on
from hq.replication.scratch_postgres import empty_stage
from hq.replication.visits import Part
from shared import clock
from shared.canonical import to_micros
from shared.replication.change import Change

DATA_ERRORS = (
    asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, ValueError, TypeError, OverflowError,
)  # fmt: skip
ZONES_OF = "SELECT branch, timezone FROM branch WHERE deleted_at IS NULL AND branch = ANY($1::text[])"
Rows = list[tuple[Any, ...]]
Homes = tuple[int, list[str], list[str]]
"""A moment (microseconds UTC), branches, and the date that it is at each."""


async def run(connection: Any, statement: tuple[str, tuple[Any, ...]]) -> None:
    """One statement with its values."""
    await connection.fetch(statement[0], *statement[1])


async def put(connection: Any, relation: str, sql: TableSql, rows: Rows) -> None:
    """Rows in the order of the table's columns into a relation of its shape. Raises DATA_ERRORS."""
    await connection.copy_records_to_table(relation, records=rows, columns=[*sql.table.names, "ver"])


async def apply_some(connection: Any, parts: Sequence[Part], statements: Mapping[str, TableSql]) -> str:
    """Apply parts of different branches together or not at all; why their data was refused, empty when it was not."""
    digests = [dict(part.cursor.digests) for part in parts]
    try:
        async with connection.transaction():
            await apply_tables(connection, parts, statements)
    except DATA_ERRORS as error:
        for part, before in zip(parts, digests, strict=True):
            part.cursor.digests = before
        return repr(error)
    return ""


async def apply_tables(connection: Any, parts: Sequence[Part], statements: Mapping[str, TableSql]) -> None:
    """Rows and digests table by table, then what they add to the figures. Raises DATA_ERRORS."""
    for part in parts:
        part.read(statements)
    new: dict[str, list[str]] = {}
    is_staged = False
    for name in dict.fromkeys(name for part in parts for name in part.tables):
        among = [part for part in parts if name in part.tables]
        ids, is_replaced = await _apply_table(connection, statements[name], among)
        if statements[name].counted:
            new[statements[name].count_new] = ids
            is_staged |= is_replaced
    if new:
        await add_to_figures(connection, [part.cursor.branch for part in parts], new, is_staged)


async def add_to_figures(
    connection: Any, branches: Sequence[str], new: Mapping[str, Sequence[str]], is_staged: bool
) -> None:
    """What new rows add, by the statement that counts them, and what `delta` holds where some were staged."""
    homes = await homes_of(connection, branches)
    for count_new, ids in new.items():
        if ids:
            await connection.fetch(count_new, ids, *homes)
    if is_staged:
        await connection.fetch(fold_sql("delta"))
        await keep_delta(connection, homes)
        await connection.fetch("DELETE FROM delta")


async def homes_of(connection: Any, branches: Sequence[str]) -> Homes:
    """Now, and the date that it is at each branch."""
    zones = {row["branch"]: row["timezone"] for row in await connection.fetch(ZONES_OF, branches)}
    now = clock.now()
    return to_micros(now), list(branches), [received_on(now, zones.get(branch)) for branch in branches]


async def keep_delta(connection: Any, homes: Homes) -> None:
    """What `delta` holds goes into the journal, under the date that it is at each branch."""
    repeated = bool(await connection.fetch(REPEATED))
    today = "MIN(today)" if repeated else "today"
    moment, *dated = homes
    keep = keep_sql("$1::bigint", today, relation=homes_sql("$2", "$3"), repeated=repeated)
    await connection.fetch(keep, moment, *dated)


async def _apply_table(connection: Any, sql: TableSql, parts: Sequence[Part]) -> tuple[list[str], bool]:
    """New rows go straight in; of those that are known, or gone, the old image is taken first. The digests follow. The ids of the
    new ones, and whether `delta` holds what others changed."""
    name = sql.table.name
    rows = [row for part in parts for row in part.typed[name][0]]
    known = await _known(connection, sql, rows)
    new = [row for row in rows if row[sql.id_at] not in known] if known else rows
    if new:
        await put(connection, name, sql, new)
    stale: set[bytes] = set()
    removed: dict[str, list[bytes]] = defaultdict(list)
    is_replaced = bool(known) or any(part.tables[name].gone for part in parts)
    if is_replaced:
        again = [row for row in rows if row[sql.id_at] in known]
        stale = await _replace(connection, sql, again, parts)
        for found in await connection.fetch(sql.old_canonical):
            removed[found["branch"]].append(found["row"].encode())
    async for part in in_turns(parts):
        for pk, row in part.typed[name][1]:
            if pk.encode() not in stale:
                await connection.fetch(sql.widen, row, pk)
        part.count(name, stale, removed[part.cursor.branch])
    return [row[sql.id_at] for row in new], is_replaced


async def _known(connection: Any, sql: TableSql, rows: Rows) -> set[str]:
    if not rows:
        return set()
    return {found["id"] for found in await connection.fetch(sql.known, [row[sql.id_at] for row in rows])}


async def _replace(connection: Any, sql: TableSql, rows: Rows, parts: Sequence[Part]) -> set[bytes]:
    """Stage, old image, guarded upsert, deletions, delta; the ids of rows that are newer here and stay as they are."""
    stale: set[bytes] = set()
    await empty_stage(connection, sql.table.name)
    if rows:
        await put(connection, f"stage_{sql.table.name}", sql, rows)
        await connection.fetch(sql.take_old)
        if await connection.fetch(sql.foreign):
            raise ValueError("a row with this id belongs to another branch")
        stale = {row["id"].encode() for row in await connection.fetch(sql.drop_stale)}
        if stale:
            await connection.fetch(sql.forget_stale)
        await connection.fetch(sql.upsert)
    gone = [
        (part.cursor.branch, pk.decode(), seq)
        for part in parts
        for pk, seq in part.tables[sql.table.name].gone.items()
    ]
    if gone:
        await _take_gone(connection, sql, gone)
    if sql.counted:
        await connection.fetch(sql.delta_staged)
    return stale


async def _take_gone(connection: Any, sql: TableSql, gone: Sequence[tuple[str, str, int]]) -> None:
    await connection.fetch("DELETE FROM gone")
    await connection.fetch(
        "INSERT INTO gone (branch, id, ver) SELECT * FROM unnest($1::varchar[], $2::text[]::uuid[], $3::bigint[])",
        *zip(*gone, strict=True),
    )
    await connection.fetch(sql.take_gone)
    if await connection.fetch(sql.foreign_gone):
        raise ValueError("a row with this id belongs to another branch")
    await connection.fetch(sql.delete_gone)
    await connection.fetch(
        "INSERT INTO tombstone (branch, tbl, row_id, ver) SELECT branch, $1, id::text, ver FROM gone "
        "ON CONFLICT (branch, tbl, row_id) DO UPDATE SET ver = excluded.ver",
        sql.table.name,
    )


async def apply_apart(
    connection: Any, cursor: Cursor, changes: Sequence[Change], statements: Mapping[str, TableSql]
) -> None:
    """Set aside what cannot be applied. Raises Held when that is too much, unless a person let it through."""
    known = []
    for change in changes:
        if reason := parked_for(change, statements):
            await run(connection, set_aside(cursor, change, reason, "", "postgres"))
        else:
            known.append(change)
    bad = 0
    async for part, error in _bisected(connection, cursor, known, statements):
        await run(connection, set_aside(cursor, part, "poison", error, "postgres"))
        bad += 1
        if cursor.status != "released" and is_systemic(bad, len(changes)):
            raise Held
    if bad and cursor.status != "released":
        end = cursor.seq + len(changes)
        recent = (cursor.branch, cursor.epoch, end - SYSTEMIC_WINDOW)
        if is_systemic(await connection.fetchval(recent_poison("postgres"), *recent), min(SYSTEMIC_WINDOW, end)):  # fmt: skip
            raise Held


async def _bisected(
    connection: Any, cursor: Cursor, changes: Sequence[Change], statements: Mapping[str, TableSql]
) -> AsyncIterator[tuple[Change, str]]:
    """Apply all that can be; each change that cannot, with the reason, found by halving."""
    error = await apply_some(connection, [Part(cursor, gathered(changes))], statements) if changes else ""
    if error and len(changes) == 1:
        yield changes[0], error
    elif error:
        middle = len(changes) // 2
        for half in (changes[:middle], changes[middle:]):
            async for found in _bisected(connection, cursor, half, statements):
                yield found


async def retry_aside(connection: Any, cursor: Cursor) -> int:
    """In the order of the log; what a later change has overtaken is settled without being applied. How many were settled."""
    statements, count = table_sql("postgres"), 0
    for row in await connection.fetch(waiting_aside("postgres"), cursor.branch):
        change_id, change = as_change(row)
        if parked_for(change, statements):
            continue
        known = (cursor.branch, change.table, change.pk, change.seq)
        if await connection.fetch(is_newer(change.table, "postgres"), *known):
            await run(connection, settled(change_id, "superseded", "postgres"))
        elif error := await apply_some(connection, [Part(cursor, gathered([change]))], statements):
            await run(connection, failed_again(change_id, error, "postgres"))
            continue
        else:
            await run(connection, settled(change_id, "applied", "postgres"))
        count += 1
    return count
