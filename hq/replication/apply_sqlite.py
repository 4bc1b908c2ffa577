"""Applying batches to SQLite: one writer thread, set-based, several branches per commit under savepoints.

The thread owns its connection, so pages keep reading while it writes (WAL). A batch is one job: rows, rollups, digest
and cursor in the same transaction; its answer is given after the commit.
"""

import asyncio
import concurrent.futures
import json
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import structlog

from hq.figures.journal import DELTA_COLUMNS, keep_sql
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
from shared.errors import Refused
from shared.records.versions import is_readable
from shared.replication.change import Change, Digest

log = structlog.get_logger(__name__)
T = TypeVar("T")
MAX_GROUP = 64
ZONE_OF = "SELECT timezone FROM branch WHERE branch = ? AND deleted_at IS NULL"
DATA_ERRORS = (sqlite3.IntegrityError, sqlite3.DataError, ValueError, TypeError, OverflowError)


@dataclass
class _Job:
    work: Callable[[sqlite3.Connection], Any]
    done: Callable[[Any, BaseException | None], object]


class SqliteApplier:
    """Serialises all applying of one SQLite file. `start` opens the thread, `stop` ends it after the queue."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="apply", daemon=True)
        self._opened: concurrent.futures.Future[None] = concurrent.futures.Future()

    async def start(self) -> None:
        """Open the connection and the thread. Raises what opening raises, so that nothing waits for a dead thread."""
        self._thread.start()
        await asyncio.wrap_future(self._opened)

    async def stop(self) -> None:
        """Finish what is queued and close the connection."""
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    async def apply(self, batch: Batch, contact: Contact) -> Applied:
        """Apply one batch and return after its commit. Raises Gap, Fork, BadBatch, Replayed, EnvironmentFailure."""
        return await self.run(lambda connection: _apply_batch(connection, batch, contact))

    async def cursor(self, contact: Contact) -> Applied:
        """Note a contact and return the cursor, committed."""
        return await self.run(lambda connection: _note_contact(connection, contact))

    async def retry(self, branch: str) -> Applied:
        """Try everything of a branch that is set aside once more; `rows` says how many were settled."""
        return await self.run(lambda connection: _retry_aside(connection, branch))

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` returns, after the commit of what it wrote; between two batches."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def settle(result: T, error: BaseException | None) -> None:
            if future.done():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)

        self._jobs.put(_Job(work, lambda result, error: loop.call_soon_threadsafe(settle, result, error)))
        return await future

    def _run(self) -> None:
        try:
            connection = _open(self._path)
        except BaseException as error:
            self._opened.set_exception(error)
            return
        self._opened.set_result(None)
        try:
            while (job := self._jobs.get()) is not None:
                group = [job]
                ends = False
                while len(group) < MAX_GROUP:
                    try:
                        further = self._jobs.get_nowait()
                    except queue.Empty:
                        break
                    if further is None:
                        ends = True
                        break
                    group.append(further)
                _run_group(connection, group)
                if ends:
                    break
        finally:
            connection.close()


def _run_group(connection: sqlite3.Connection, group: list[_Job]) -> None:
    """One transaction, a savepoint per job: a refused job leaves the others; a failing commit fails them all."""
    answers: list[tuple[_Job, Any, BaseException | None]] = []
    try:
        connection.execute("BEGIN IMMEDIATE")
        for job in group:
            connection.execute("SAVEPOINT job")
            try:
                result = job.work(connection)
                connection.execute("RELEASE job")
                answers.append((job, result, None))
            except Refused as error:
                connection.execute("ROLLBACK TO job")
                connection.execute("RELEASE job")
                answers.append((job, None, error))
        connection.execute("COMMIT")
    except BaseException as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        log.error("apply_failed", error=repr(error), jobs=len(group))
        failure = EnvironmentFailure(error)
        failure.__cause__ = error
        answers = [(job, None, failure) for job in group]
    for job, answer, refusal in answers:
        job.done(answer, refusal)


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=1024)
    for pragma in (
        "journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000", "temp_store=MEMORY",
        "cache_size=-64000", "mmap_size=268435456", "foreign_keys=OFF", "wal_autocheckpoint=8000",
    ):  # fmt: skip
        connection.execute(f"PRAGMA {pragma}")
    for name, sql in table_sql("sqlite").items():
        for relation in (f"stage_{name}", f"old_{name}"):
            connection.execute(
                f'CREATE TEMP TABLE {relation} AS SELECT {sql.columns}, ext, deleted_at AS deleted_again FROM "{name}" WHERE 0'
            )
            connection.execute(f"ALTER TABLE {relation} DROP COLUMN deleted_again")
    connection.execute(f"CREATE TEMP TABLE delta ({DELTA_COLUMNS})")
    connection.execute("CREATE TEMP TABLE gone (id TEXT PRIMARY KEY, ver INTEGER)")
    return connection


def read_cursor(connection: sqlite3.Connection, branch: str) -> Cursor:
    query = f"{SELECT_CURSOR}?"
    found = connection.execute(query, (branch,)).fetchone()
    if found is None:
        connection.execute(*new_cursor(branch, "sqlite"))
        found = connection.execute(query, (branch,)).fetchone()
    return cursor_of(found)


def write_cursor(
    connection: sqlite3.Connection, cursor: Cursor, *, rows: int = 0, wire_bytes: int = 0
) -> None:
    now = to_micros(clock.now())
    complete = now if cursor.seq >= cursor.head_seq and not cursor.unproven else None
    connection.execute(
        "UPDATE branch_cursor SET epoch = ?, seq = ?, chain = ?, digests = ?, head_seq = ?, unproven = ?, replay = ?, "
        "contact_at = ?, complete_at = COALESCE(?, complete_at), applied_at = CASE WHEN ? > 0 THEN ? ELSE applied_at END, "
        "wire_bytes = wire_bytes + ?, row_count = row_count + ?, status = ?, runs = ? WHERE branch = ?",
        (
            cursor.epoch, cursor.seq, cursor.chain, json.dumps(cursor.digests), cursor.head_seq,
            json.dumps(cursor.unproven), cursor.replay, now, complete, rows, now, wire_bytes, rows,
            cursor.status, cursor.runs, cursor.branch,
        ),
    )  # fmt: skip


def _note_contact(connection: sqlite3.Connection, contact: Contact) -> Applied:
    cursor = read_cursor(connection, contact.branch)
    contact.admit(cursor)
    refusal = contact.greet(cursor)
    if not cursor.epoch or contact.epoch == cursor.epoch:
        cursor.head_seq = max(contact.head, cursor.seq)
    write_cursor(connection, cursor)
    return Applied(cursor.reply(), 0, cursor.seq >= cursor.head_seq, refusal, cursor.status)


def _apply_batch(connection: sqlite3.Connection, batch: Batch, contact: Contact) -> Applied:
    """Steps: 1 cursor and replay memory, 2 what is new, 3 rows, digests and rollups per table, 4 cursor."""
    cursor = read_cursor(connection, contact.branch)
    contact.admit(cursor)
    contact.keep_place(cursor)
    was = cursor.status
    lines = lines_to_apply(cursor, batch)
    if lines:
        _apply_lines(connection, cursor, lines, is_readable(batch.head.schema))
        before = cursor.seq
        cursor.status = "normal" if was in ("held", "released") else was
        cursor.epoch, cursor.seq, cursor.chain = batch.head.epoch, batch.head.last, batch.head.chain
        contact.compare_digests(cursor, batch.head)
        connection.execute(*new_mark(before, cursor, "sqlite"))
    cursor.head_seq = max(batch.head.head, cursor.seq)
    write_cursor(connection, cursor, rows=len(lines), wire_bytes=batch.wire_bytes)
    return Applied(cursor.reply(), len(lines), cursor.seq >= cursor.head_seq, None, was)


def _apply_lines(
    connection: sqlite3.Connection, cursor: Cursor, lines: Sequence[bytes], is_read: bool
) -> None:
    """All changes at once; when the data of one is refused, in halves, setting aside what cannot be applied."""
    statements = table_sql("sqlite")
    tables = collapse(lines, cursor.seq)
    if is_read and all(name in statements for name in tables):
        digests = dict(cursor.digests)
        connection.execute("SAVEPOINT rows")
        try:
            _apply_tables(connection, cursor, tables, statements)
        except DATA_ERRORS as error:
            connection.execute("ROLLBACK TO rows")
            connection.execute("RELEASE rows")
            cursor.digests = digests
            log.warning("batch_has_bad_rows", branch=cursor.branch, error=repr(error))
        else:
            connection.execute("RELEASE rows")
            return
    _apply_apart(connection, cursor, read_changes(lines), statements)


def _apply_apart(
    connection: sqlite3.Connection, cursor: Cursor, changes: list[Change], statements: dict[str, TableSql]
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
    connection: sqlite3.Connection, cursor: Cursor, changes: list[Change], statements: dict[str, TableSql]
) -> Iterator[tuple[Change, str]]:
    """Apply all that can be; each change that cannot, with the reason, found by halving."""
    error = _apply_some(connection, cursor, changes, statements) if changes else ""
    if error and len(changes) == 1:
        yield changes[0], error
    elif error:
        middle = len(changes) // 2
        yield from _bisected(connection, cursor, changes[:middle], statements)
        yield from _bisected(connection, cursor, changes[middle:], statements)


def _apply_some(
    connection: sqlite3.Connection, cursor: Cursor, changes: list[Change], statements: dict[str, TableSql]
) -> str:
    """Apply changes together or not at all; why their data was refused, empty when it was not."""
    digests, refused = dict(cursor.digests), ""
    connection.execute("SAVEPOINT some")
    try:
        _apply_tables(connection, cursor, gathered(changes), statements)
    except DATA_ERRORS as error:
        connection.execute("ROLLBACK TO some")
        cursor.digests = digests
        refused = repr(error)
    connection.execute("RELEASE some")
    return refused


def _retry_aside(connection: sqlite3.Connection, branch: str) -> Applied:
    """In the order of the log; what a later change has overtaken is settled without being applied."""
    statements, count = table_sql("sqlite"), 0
    cursor = read_cursor(connection, branch)
    for row in connection.execute(waiting_aside("sqlite"), (branch,)).fetchall():
        change_id, change = as_change(row)
        if parked_for(change, statements):
            continue
        known = (branch, change.table, change.pk, change.seq)
        if connection.execute(is_newer(change.table, "sqlite"), known).fetchone():
            connection.execute(*settled(change_id, "superseded", "sqlite"))
        elif error := _apply_some(connection, cursor, [change], statements):
            connection.execute(*failed_again(change_id, error, "sqlite"))
            continue
        else:
            connection.execute(*settled(change_id, "applied", "sqlite"))
        count += 1
    cursor.forget_proved()
    write_cursor(connection, cursor)
    return Applied(cursor.reply(), count, cursor.seq >= cursor.head_seq)


def _apply_tables(
    connection: sqlite3.Connection,
    cursor: Cursor,
    tables: dict[str, TableChanges],
    statements: dict[str, TableSql],
) -> None:
    counted = False
    for name, changes in tables.items():
        sql = statements[name]
        digest = Digest.parse(cursor.digests.get(name, ""))
        _apply_table(connection, cursor.branch, sql, changes, digest)
        cursor.digests[name] = digest.text()
        counted = counted or sql.counted
    if counted:
        connection.execute(fold_sql("delta"))
        found = connection.execute(ZONE_OF, (cursor.branch,)).fetchone()
        connection.execute(keep_sql("?", "?"), received(found[0] if found else None))
        connection.execute("DELETE FROM delta")


def _apply_table(
    connection: sqlite3.Connection, branch: str, sql: TableSql, changes: TableChanges, digest: Digest
) -> None:
    """New rows go straight in; where some are known, or gone, their old image is taken first. The digest follows."""
    rows, wider = typed_rows(sql, changes, branch)
    is_new = not changes.gone and not _known(connection, sql, rows)
    if is_new:
        _insert(connection, sql, rows)
    else:
        stale = _replace(connection, branch, sql, rows, changes.gone)
        for row_id in stale:
            del changes.rows[row_id]
        digest.remove_all(row.encode() for (row,) in connection.execute(sql.old_canonical))
    connection.executemany(sql.widen, [(row, pk) for pk, row in wider if pk.encode() in changes.rows])
    digest.add_all(row for _seq, row in changes.rows.values())


def _known(connection: sqlite3.Connection, sql: TableSql, rows: list[tuple[Any, ...]]) -> bool:
    ids = json.dumps([row[sql.id_at] for row in rows])
    return connection.execute(sql.known, (ids,)).fetchone() is not None


def _insert(connection: sqlite3.Connection, sql: TableSql, rows: list[tuple[Any, ...]]) -> None:
    (newest,) = connection.execute(f'SELECT COALESCE(MAX(rowid), 0) FROM "{sql.table.name}"').fetchone()
    connection.executemany(sql.insert, rows)
    if sql.counted:
        connection.execute(sql.delta_new, {"newest": newest})


def _replace(
    connection: sqlite3.Connection,
    branch: str,
    sql: TableSql,
    rows: list[tuple[Any, ...]],
    gone: dict[bytes, int],
) -> list[bytes]:
    """Stage, old image, guarded upsert, deletions, delta; the ids of rows that are newer here and stay as they are."""
    stale: list[bytes] = []
    connection.execute(f"DELETE FROM stage_{sql.table.name}")
    connection.execute(f"DELETE FROM old_{sql.table.name}")
    if rows:
        connection.executemany(sql.stage, rows)
        connection.execute(sql.take_old)
        if connection.execute(sql.foreign).fetchone() is not None:
            raise ValueError("a row with this id belongs to another branch")
        stale = [row_id.encode() for (row_id,) in connection.execute(sql.drop_stale).fetchall()]
        if stale:
            connection.execute(sql.forget_stale)
        connection.execute(sql.upsert)
    if gone:
        _take_gone(connection, branch, sql, gone)
    if sql.counted:
        connection.execute(sql.delta_staged)
    return stale


def _take_gone(connection: sqlite3.Connection, branch: str, sql: TableSql, gone: dict[bytes, int]) -> None:
    connection.execute("DELETE FROM gone")
    connection.executemany(
        "INSERT INTO gone (id, ver) VALUES (?, ?)", [(pk.decode(), seq) for pk, seq in gone.items()]
    )
    connection.execute(sql.take_gone)
    connection.execute(sql.delete_gone)
    connection.executemany(
        "INSERT INTO tombstone (branch, tbl, row_id, ver) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (branch, tbl, row_id) DO UPDATE SET ver = excluded.ver",
        [(branch, sql.table.name, pk.decode(), seq) for pk, seq in gone.items()],
    )
