"""Applying batches to SQLite: one writer thread, the requests of several branches in one transaction.

The thread owns its connection, so pages keep reading while it writes (WAL). Rows, rollups, digests and cursors of a group are
one commit; each answer is given after it.
"""

import asyncio
import concurrent.futures
import json
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import structlog

from hq.figures.journal import DELTA_COLUMNS
from hq.replication.apply_sql import (
    CURSOR_COLUMNS,
    SELECT_CURSOR,
    cursor_of,
    new_cursor,
    new_mark,
    table_sql,
)
from hq.replication.batch import Batch, read_changes
from hq.replication.cursor import Cursor
from hq.replication.groups import Groups
from hq.replication.outcome import Applied, Contact, EnvironmentFailure
from hq.replication.rows_sqlite import apply_apart, apply_some, put, retry_aside
from hq.replication.visits import Part, Visit, Written, read_ahead
from shared import clock
from shared.canonical import to_micros
from shared.errors import Refused

log = structlog.get_logger(__name__)
T = TypeVar("T")
SIDE_BY_SIDE = 2
"""While one group is being written the next one waits at the thread's door."""


SELECT_CURSORS = (
    f"SELECT json_group_array(json_array({CURSOR_COLUMNS}, node_key, has_incident)) FROM "
    f"({SELECT_CURSOR} IN (SELECT value FROM json_each(?)))"
)
UPDATE_CURSOR = """UPDATE branch_cursor SET epoch = v.column1, seq = v.column2, chain = v.column3, digests = v.column4,
head_seq = v.column5, unproven = v.column6, replay = v.column7, contact_at = v.column8,
complete_at = COALESCE(v.column9, complete_at), applied_at = COALESCE(v.column10, applied_at),
first_at = CASE WHEN seq = 0 THEN v.column10 ELSE first_at END,
wire_bytes = wire_bytes + v.column11, row_count = row_count + v.column12, status = v.column13, runs = v.column14
FROM (VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)) AS v WHERE branch = v.column15"""
"""Cursors come and go as one row: see rows_sqlite.put."""


@dataclass(frozen=True)
class _Job:
    """Work for the thread, a transaction of its own; `done` is told what came of it."""

    work: Callable[[sqlite3.Connection], Any]
    done: Callable[[Any, BaseException | None], object]


class SqliteApplier:
    """Serialises all applying of one SQLite file. `start` opens the thread, `stop` ends it after the queue."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="apply", daemon=True)
        self._opened: concurrent.futures.Future[None] = concurrent.futures.Future()
        self.groups = Groups(self._serve, SIDE_BY_SIDE)

    async def start(self) -> None:
        """Open the connection and the thread. Raises what opening raises, so that nothing waits for a dead thread."""
        self._thread.start()
        await asyncio.wrap_future(self._opened)

    async def stop(self) -> None:
        """Finish what is queued and close the connection."""
        await self.groups.finish()
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    async def apply(self, batch: Batch, contact: Contact) -> Applied:
        """Apply one batch and return after its commit. Raises Gap, Fork, BadBatch, Replayed, EnvironmentFailure."""
        ahead = read_ahead(batch, table_sql("sqlite")) if self.groups.has_room_for(batch.head.rows) else None
        return await self.groups.visit(Visit(contact, batch, ahead))

    async def cursor(self, contact: Contact) -> Applied:
        """Note a contact and return the cursor, committed."""
        return await self.groups.visit(Visit(contact))

    async def retry(self, branch: str) -> Applied:
        """Try everything of a branch that is set aside once more; `rows` says how many were settled."""
        return await self.run(lambda connection: _retry_aside(connection, branch))

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` returns, after the commit of what it wrote. Raises EnvironmentFailure, and what `work` refuses."""
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

    async def _serve(self, visits: Sequence[Visit]) -> None:
        await self.run(lambda connection: _serve(connection, visits))

    def _run(self) -> None:
        try:
            connection = _open(self._path)
        except BaseException as error:
            self._opened.set_exception(error)
            return
        self._opened.set_result(None)
        try:
            while (job := self._jobs.get()) is not None:
                _run_job(connection, job)
        finally:
            connection.close()


def _run_job(connection: sqlite3.Connection, job: _Job) -> None:
    """One transaction, and then the answer."""
    result: Any = None
    failure: BaseException | None = None
    try:
        connection.execute("BEGIN IMMEDIATE")
        result = job.work(connection)
        connection.execute("COMMIT")
    except BaseException as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        failure = error
        if not isinstance(error, Refused):
            log.error("apply_failed", error=repr(error))
            failure = EnvironmentFailure(error)
            failure.__cause__ = error
    job.done(result, failure)


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
                f'CREATE TEMP TABLE {relation} AS SELECT {sql.columns}, ext FROM "{name}" WHERE 0'
            )
    connection.execute(f"CREATE TEMP TABLE delta ({DELTA_COLUMNS})")
    connection.execute("CREATE TEMP TABLE gone (id TEXT PRIMARY KEY, ver INTEGER, branch TEXT)")
    return connection


def _serve(connection: sqlite3.Connection, visits: Sequence[Visit]) -> None:
    """Steps: 1 cursors and replay memory, 2 what is new, 3 rows, digests and rollups per table, 4 cursors."""
    cursors = read_cursors(connection, [visit.contact.branch for visit in visits])
    met = [visit for visit in visits if visit.meet(cursors[visit.contact.branch])]
    if bringing := [visit for visit in met if visit.lines]:
        _write_rows(connection, bringing)
    kept = [visit for visit in met if visit.error is None]
    moved = [(visit.move(), visit.cursor) for visit in kept]
    marks = [new_mark(before, cursor, "sqlite") for before, cursor in moved if before is not None]
    if marks:
        put(connection, marks[0][0], [values for _, values in marks])
    write_cursors(connection, [(visit.cursor, len(visit.lines), visit.wire_bytes) for visit in kept])


def _write_rows(connection: sqlite3.Connection, visits: Sequence[Visit]) -> None:
    """The rows of all at once; when the data of one is refused, each visit alone, and then in halves, setting aside what cannot
    be applied."""
    statements = table_sql("sqlite")
    plain = [visit for visit in visits if visit.is_plain(statements)]
    apart = [visit for visit in visits if visit not in plain]
    if plain and (error := apply_some(connection, _parts(plain), statements)):
        if len(plain) > 1:
            plain = [visit for visit in plain if apply_some(connection, _parts([visit]), statements)]
        log.warning("batch_has_bad_rows", branches=[visit.contact.branch for visit in plain], error=error)
        apart += plain
    for visit in apart:
        connection.execute("SAVEPOINT apart")
        try:
            apply_apart(connection, visit.cursor, read_changes(visit.lines), statements)
        except Refused as refused:
            connection.execute("ROLLBACK TO apart")
            visit.error = refused
        connection.execute("RELEASE apart")


def _parts(visits: Sequence[Visit]) -> list[Part]:
    return [visit.part for visit in visits if visit.part is not None]


def read_cursors(connection: sqlite3.Connection, branches: Sequence[str]) -> dict[str, Cursor]:
    """The cursors of branches by code; a branch that has none gets one."""
    (rows,) = connection.execute(SELECT_CURSORS, (json.dumps(branches),)).fetchone()
    found = {row[0]: cursor_of(row) for row in json.loads(rows)}
    fresh = [branch for branch in branches if branch not in found]
    for branch in fresh:
        connection.execute(*new_cursor(branch, "sqlite"))
    return found | (read_cursors(connection, fresh) if fresh else {})


def read_cursor(connection: sqlite3.Connection, branch: str) -> Cursor:
    """The cursor of one branch."""
    return read_cursors(connection, [branch])[branch]


def write_cursors(connection: sqlite3.Connection, written: Sequence[Written]) -> None:
    """Write cursors back."""
    now = to_micros(clock.now())
    values = [
        (
            cursor.epoch, cursor.seq, cursor.chain, json.dumps(cursor.digests), cursor.head_seq,
            json.dumps(cursor.unproven), cursor.replay, now, now if cursor.is_complete else None, now if rows else None,
            wire_bytes, rows, cursor.status, cursor.runs, cursor.branch,
        )
        for cursor, rows, wire_bytes in written
    ]  # fmt: skip
    put(connection, UPDATE_CURSOR, values)


def _retry_aside(connection: sqlite3.Connection, branch: str) -> Applied:
    cursor = read_cursor(connection, branch)
    count = retry_aside(connection, cursor)
    cursor.forget_proved()
    write_cursors(connection, [(cursor, 0, 0)])
    return Applied(cursor.reply(), count, cursor.seq >= cursor.head_seq)
