"""Rows into SQLite's tables, set by set, with what they add to the figures; and one by one where some cannot be applied.

Everything here runs inside a transaction of the applier's thread. The rows may be those of several branches.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

import structlog

from hq.figures.journal import REPEATED, keep_sql
from hq.figures.rollup import fold_sql
from hq.replication.apply_sql import (
    TableSql,
    as_change,
    failed_again,
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
from hq.replication.outcome import Held, received_on
from hq.replication.visits import Part
from shared import clock
from shared.canonical import to_micros
from shared.replication.change import Change

log = structlog.get_logger(__name__)
ZONES_OF = "SELECT json_group_object(branch, timezone) FROM branch WHERE deleted_at IS NULL AND branch IN (SELECT value FROM json_each(?))"
WITHIN = "branch IN (SELECT value FROM json_each(?))"
DATA_ERRORS = (sqlite3.IntegrityError, sqlite3.DataError, ValueError, TypeError, OverflowError)
Rows = list[tuple[Any, ...]]
ROWS_AT_ONCE = (512, 64, 16, 4, 1)


def put(connection: sqlite3.Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Rows by a statement made for one, up to 512 of them to each call: after each call that SQLite takes or gives, other threads
    may have the interpreter, and this one waits to get it back."""
    at = 0
    for count in ROWS_AT_ONCE:
        while len(rows) - at >= count:
            values = chain.from_iterable(rows[at : at + count])
            connection.execute(many_rows(statement, count), list(values))
            at += count


@lru_cache(maxsize=1024)
def many_rows(statement: str, count: int) -> str:
    """A statement of one row in VALUES as one of `count` rows."""
    start, values, rest = statement.partition("VALUES ")
    places, end, rest = rest.partition(")")
    return f"{start}{values}{', '.join([places + end] * count)}{rest}"


def apply_some(
    connection: sqlite3.Connection, parts: Sequence[Part], statements: Mapping[str, TableSql]
) -> str:
    """Apply parts of different branches together or not at all; why their data was refused, empty when it was not."""
    digests, refused = [dict(part.cursor.digests) for part in parts], ""
    connection.execute("SAVEPOINT some")
    try:
        apply_tables(connection, parts, statements)
    except DATA_ERRORS as error:
        connection.execute("ROLLBACK TO some")
        for part, before in zip(parts, digests, strict=True):
            part.cursor.digests = before
        refused = repr(error)
    connection.execute("RELEASE some")
    return refused


def apply_tables(
    connection: sqlite3.Connection, parts: Sequence[Part], statements: Mapping[str, TableSql]
) -> None:
    """Rows and digests table by table, then what they add to the figures. Raises DATA_ERRORS."""
    for part in parts:
        part.read(statements)
    names = list(dict.fromkeys(name for part in parts for name in part.tables))
    for name in names:
        _apply_table(connection, statements[name], [part for part in parts if name in part.tables])
    if any(statements[name].counted for name in names):
        add_to_figures(connection, [part.cursor.branch for part in parts])


def add_to_figures(connection: sqlite3.Connection, branches: Sequence[str]) -> None:
    """What `delta` holds goes into cells and journal."""
    connection.execute(fold_sql("delta"))
    keep_delta(connection, branches)
    connection.execute("DELETE FROM delta")


def keep_delta(connection: sqlite3.Connection, branches: Sequence[str]) -> None:
    """What `delta` holds goes into the journal, under the date that it is at each branch."""
    zones = json.loads(connection.execute(ZONES_OF, (json.dumps(branches),)).fetchone()[0])
    now, by_date = clock.now(), defaultdict(list)
    for branch in branches:
        by_date[received_on(now, zones.get(branch))].append(branch)
    repeated = connection.execute(REPEATED).fetchone() is not None
    for today, there in by_date.items():
        keep = keep_sql("?", "?", WITHIN, repeated=repeated)
        connection.execute(keep, (to_micros(now), today, json.dumps(there)))


def _apply_table(connection: sqlite3.Connection, sql: TableSql, parts: Sequence[Part]) -> None:
    """New rows go straight in; of those that are known, or gone, the old image is taken first. The digests follow."""
    name = sql.table.name
    rows = [row for part in parts for row in part.typed[name][0]]
    known = _known(connection, sql, rows)
    _insert(connection, sql, [row for row in rows if row[sql.id_at] not in known] if known else rows)
    stale: set[bytes] = set()
    removed: dict[str, list[bytes]] = defaultdict(list)
    if known or any(part.tables[name].gone for part in parts):
        again = [row for row in rows if row[sql.id_at] in known]
        stale = _replace(connection, sql, again, parts)
        for branch, row in connection.execute(sql.old_canonical):
            removed[branch].append(row.encode())
    for part in parts:
        wider = [(row, pk) for pk, row in part.typed[name][1] if pk.encode() not in stale]
        if wider:
            connection.executemany(sql.widen, wider)
        part.count(name, stale, removed[part.cursor.branch])


def _known(connection: sqlite3.Connection, sql: TableSql, rows: Rows) -> set[str]:
    if not rows:
        return set()
    ids = json.dumps([row[sql.id_at] for row in rows])
    return {row_id for (row_id,) in connection.execute(sql.known, (ids,))}


def _insert(connection: sqlite3.Connection, sql: TableSql, rows: Rows) -> None:
    if not rows:
        return
    (newest,) = connection.execute(f'SELECT COALESCE(MAX(rowid), 0) FROM "{sql.table.name}"').fetchone()
    put(connection, sql.insert, rows)
    if sql.counted:
        connection.execute(sql.delta_new, {"newest": newest})


def _replace(connection: sqlite3.Connection, sql: TableSql, rows: Rows, parts: Sequence[Part]) -> set[bytes]:
    """Stage, old image, guarded upsert, deletions, delta; the ids of rows that are newer here and stay as they are."""
    stale: set[bytes] = set()
    connection.execute(f"DELETE FROM stage_{sql.table.name}")
    connection.execute(f"DELETE FROM old_{sql.table.name}")
    if rows:
        put(connection, sql.stage, rows)
        connection.execute(sql.take_old)
        if connection.execute(sql.foreign).fetchone() is not None:
            raise ValueError("a row with this id belongs to another branch")
        stale = {row_id.encode() for (row_id,) in connection.execute(sql.drop_stale).fetchall()}
        if stale:
            connection.execute(sql.forget_stale)
        connection.execute(sql.upsert)
    gone = [
        (part.cursor.branch, pk.decode(), seq)
        for part in parts
        for pk, seq in part.tables[sql.table.name].gone.items()
    ]
    if gone:
        _take_gone(connection, sql, gone)
    if sql.counted:
        connection.execute(sql.delta_staged)
    return stale


def _take_gone(connection: sqlite3.Connection, sql: TableSql, gone: Sequence[tuple[str, str, int]]) -> None:
    connection.execute("DELETE FROM gone")
    put(connection, "INSERT INTO gone (branch, id, ver) VALUES (?, ?, ?)", gone)
    connection.execute(sql.take_gone)
    if connection.execute(sql.foreign_gone).fetchone() is not None:
        raise ValueError("a row with this id belongs to another branch")
    connection.execute(sql.delete_gone)
    connection.execute(
        "INSERT INTO tombstone (branch, tbl, row_id, ver) SELECT branch, ?, id, ver FROM gone WHERE true "
        "ON CONFLICT (branch, tbl, row_id) DO UPDATE SET ver = excluded.ver",
        (sql.table.name,),
    )


def apply_apart(
    connection: sqlite3.Connection,
    cursor: Cursor,
    changes: Sequence[Change],
    statements: Mapping[str, TableSql],
) -> None:
    """Set aside what cannot be applied. Raises Held when that is too much, unless a person let it through."""
    known = []
    for change in changes:
        if reason := parked_for(change, statements):
            connection.execute(*set_aside(cursor, change, reason, "", "sqlite"))
        else:
            known.append(change)
    bad = 0
    for part, error in _bisected(connection, cursor, known, statements):
        connection.execute(*set_aside(cursor, part, "poison", error, "sqlite"))
        bad += 1
        if cursor.status != "released" and is_systemic(bad, len(changes)):
            raise Held
    if bad and cursor.status != "released":
        end = cursor.seq + len(changes)
        recent = (cursor.branch, cursor.epoch, end - SYSTEMIC_WINDOW)
        found = connection.execute(recent_poison("sqlite"), recent).fetchone()[0]
        if is_systemic(found, min(SYSTEMIC_WINDOW, end)):
            raise Held


def _bisected(
    connection: sqlite3.Connection,
    cursor: Cursor,
    changes: Sequence[Change],
    statements: Mapping[str, TableSql],
) -> Iterator[tuple[Change, str]]:
    """Apply all that can be; each change that cannot, with the reason, found by halving."""
    error = apply_some(connection, [Part(cursor, gathered(changes))], statements) if changes else ""
    if error and len(changes) == 1:
        yield changes[0], error
    elif error:
        middle = len(changes) // 2
        yield from _bisected(connection, cursor, changes[:middle], statements)
        yield from _bisected(connection, cursor, changes[middle:], statements)


def retry_aside(connection: sqlite3.Connection, cursor: Cursor) -> int:
    """In the order of the log; what a later change has overtaken is settled without being applied. How many were settled."""
    statements, count = table_sql("sqlite"), 0
    for row in connection.execute(waiting_aside("sqlite"), (cursor.branch,)).fetchall():
        change_id, change = as_change(row)
        if parked_for(change, statements):
            continue
        known = (cursor.branch, change.table, change.pk, change.seq)
        if connection.execute(is_newer(change.table, "sqlite"), known).fetchone():
            connection.execute(*settled(change_id, "superseded", "sqlite"))
        elif error := apply_some(connection, [Part(cursor, gathered([change]))], statements):
            connection.execute(*failed_again(change_id, error, "sqlite"))
            continue
        else:
            connection.execute(*settled(change_id, "applied", "sqlite"))
        count += 1
    return count
