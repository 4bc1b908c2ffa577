"""Tortoise engine for SQLite: one connection that writes and one that reads, BEGIN IMMEDIATE, and a lock that survives a
failed begin.

Two processes that read and then write inside a deferred transaction fail at once with 'database is
locked'; BEGIN IMMEDIATE with a busy timeout waits instead. The stock context also keeps its lock when
`begin` raises, after which every later query hangs.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

import aiosqlite
from tortoise.backends.base.client import TransactionalDBClient, TransactionContext
from tortoise.backends.sqlite.client import (
    SqliteClient,
    SqliteTransactionContext,
    SqliteTransactionWrapper,
    translate_exceptions,
)
from tortoise.connection import get_connections
from tortoise.contrib.sqlite.regex import install_regexp_functions
from tortoise.exceptions import OperationalError

from shared.database import inline
from shared.database.counting import CountingMixin, count_statement
from shared.database.nudge import committed

PRAGMAS: dict[str, str | int] = {
    "journal_mode": "WAL",
    "synchronous": "FULL",
    "busy_timeout": 10_000,
    "foreign_keys": "ON",
    "temp_store": "MEMORY",
    "cache_size": -8_000,
    "mmap_size": 0,  # mapped pages count as the process's memory: 200 MB of a large branch, for no time saved
    "journal_size_limit": 67_108_864,
    "wal_autocheckpoint": 4_000,
}
READER_PRAGMAS: dict[str, str | int] = {
    "query_only": "ON",
    "cache_size": -10_000,  # the search keys of 100,000 customers
}


async def in_its_thread(connection: aiosqlite.Connection, work: Callable[..., Any], *values: Any) -> Any:
    """Do `work(the connection, *values)`: a quick statement at once, all else in the connection's thread."""
    return await connection._execute(work, connection._conn, *values)  # type: ignore[no-untyped-call]


def run_whole(connection: sqlite3.Connection, query: str, values: Sequence[Any]) -> tuple[int, list[Any]]:
    """One statement from its start to its last row: rows the statement itself touched (-1: it only reads), and its rows."""
    cursor = connection.execute(query, values)
    rows = cursor.fetchall()
    return cursor.rowcount, rows


def begin_marked(connection: sqlite3.Connection, marks: bool) -> None:
    """Take the write lock; with `marks` the transaction counts itself in the change log."""
    connection.execute("BEGIN IMMEDIATE")
    if marks:
        connection.execute("UPDATE change_head SET txid = txid + 1")


def run_together(
    connection: sqlite3.Connection, marks: bool, statements: Sequence[tuple[str, list[list[Any]]]]
) -> None:
    """One transaction from its beginning to its commit; rolled back when anything fails."""
    try:
        begin_marked(connection, marks)
        for query, rows in statements:
            connection.executemany(query, rows)
        connection.commit()
    except BaseException:
        if connection.in_transaction:
            connection.rollback()
        raise


class OwnRowsMixin:
    """Counts the rows a statement itself touched; the stock client adds those its triggers wrote to the log.

    A statement goes to the connection's thread and comes back once. The way there and back costs more than most
    statements do, and execute, fetch and close would take it three times.
    """

    @translate_exceptions
    async def execute_query(self, query: str, values: list[Any] | None = None) -> tuple[int, Sequence[Any]]:
        query = query.replace("\x00", "'||CHAR(0)||'")
        async with self.acquire_connection() as connection:  # type: ignore[attr-defined]
            touched, rows = await in_its_thread(connection, run_whole, query, values or ())
        return (touched if touched >= 0 else len(rows)), rows


class Client(CountingMixin, OwnRowsMixin, SqliteClient):
    """One writer at a time; pragmas as in PRAGMAS unless the settings say otherwise.

    What only reads, outside of a transaction, has a connection of its own: it sees everything that was committed before,
    and waits neither for a transaction of somebody else nor for the disk. A statement counts as reading by its first
    word; SQLite itself refuses there one that would write after all.
    """

    marks_transactions: bool = False

    def __init__(self, file_path: str, **kwargs: Any) -> None:
        super().__init__(file_path, **{**PRAGMAS, **kwargs})
        self._reader: inline.Connection | None = None
        self._opening = asyncio.Lock()

    async def create_connection(self, with_db: bool) -> None:
        """Open the connection that writes, unless it is."""
        if self._connection is None:
            self._connection = await inline.connect(self.filename)
            for pragma, value in self.pragmas.items():
                await self._connection.execute_fetchall(f"PRAGMA {pragma}={value}")
            await self._post_connect()

    async def reader(self) -> inline.Connection:
        """The connection that reads; opened when it is first needed, after the one that makes the file."""
        if self._reader is None:
            async with self._opening:
                if self._reader is None:
                    async with self.acquire_connection():
                        pass  # the file, its journal and its tables exist now
                    self._reader = await self._open_reader()
        return self._reader

    async def _open_reader(self) -> inline.Connection:
        opened = await inline.connect(self.filename)
        await install_regexp_functions(opened)
        for name, value in {**self.pragmas, **READER_PRAGMAS}.items():
            if name in READER_PRAGMAS or name in ("busy_timeout", "temp_store", "mmap_size"):
                await opened.execute_fetchall(f"PRAGMA {name}={value}")
        return opened

    async def keep_pages(self, kilobytes: int) -> None:
        """So much of the file each of the two connections keeps in this process; the system keeps the rest where it can."""
        pragma = f"PRAGMA cache_size=-{kilobytes}"
        await in_its_thread(await self.reader(), run_whole, pragma, ())
        async with self.acquire_connection() as connection:
            await in_its_thread(connection, run_whole, pragma, ())

    async def close(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            await reader.close()
        await super().close()

    def _in_transaction(self) -> TransactionContext:
        return ImmediateContext(ImmediateTransaction(self), self._lock)

    async def execute_insert(self, query: str, values: list[Any]) -> Any:
        result = await super().execute_insert(query, values)
        committed()
        return result

    async def execute_many(self, query: str, values: list[Any]) -> None:
        await super().execute_many(query, values)
        committed()

    @translate_exceptions
    async def execute_together(self, statements: Sequence[tuple[str, list[list[Any]]]]) -> None:
        """A whole transaction, each statement with its rows, in one way to the thread. All of it or nothing is kept."""
        for _statement in statements:
            count_statement()
        async with self.acquire_connection() as connection:
            await in_its_thread(connection, run_together, self.marks_transactions, statements)
        committed()

    async def execute_query(self, query: str, values: list[Any] | None = None) -> Any:
        if is_reading(query):
            count_statement()
            rows = await self._read(query, values)
            return len(rows), rows
        result = await super().execute_query(query, values)
        committed()
        return result

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
        if is_reading(query):
            count_statement()
            return list(map(dict, await self._read(query, values)))
        found: list[dict[str, Any]] = await super().execute_query_dict(query, values)
        committed()
        return found

    @translate_exceptions
    async def _read(self, query: str, values: list[Any] | None = None) -> list[Any]:
        reader = await self.reader()
        query = query.replace("\x00", "'||CHAR(0)||'")
        rows: list[Any] = (await in_its_thread(reader, run_whole, query, values or ()))[1]
        return rows


def is_reading(query: str) -> bool:
    """Whether a statement begins like one that only reads."""
    return query.lstrip()[:6].upper().startswith(("SELECT", "WITH"))


class ImmediateTransaction(CountingMixin, OwnRowsMixin, SqliteTransactionWrapper):
    """A transaction that takes the write lock when it begins and counts itself in the change log."""

    async def begin(self) -> None:
        marks: bool = self._parent.marks_transactions  # type: ignore[attr-defined]
        connection = self._connection
        try:
            await in_its_thread(connection, begin_marked, marks)
        except sqlite3.OperationalError as error:
            if connection.in_transaction:
                await connection.rollback()
            raise OperationalError(error) from error

    async def commit(self) -> None:
        await super().commit()
        committed()


class ImmediateContext(SqliteTransactionContext):
    """Releases the connection's lock and its place in the context when the transaction cannot begin."""

    async def __aenter__(self) -> TransactionalDBClient:
        await self._trxlock.acquire()
        try:
            await self.ensure_connection()
            self.token = get_connections().set(self.connection_name, self.connection)
            try:
                await asyncio.shield(self.connection.begin())
            except BaseException:
                get_connections().reset(self.token)
                raise
        except BaseException:
            self._trxlock.release()
            raise
        return self.connection  # type: ignore[no-any-return]


client_class = Client
