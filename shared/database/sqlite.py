"""Tortoise engine for SQLite with BEGIN IMMEDIATE and a lock that survives a failed begin.

Two processes that read and then write inside a deferred transaction fail at once with 'database is
locked'; BEGIN IMMEDIATE with a busy timeout waits instead. The stock context also keeps its lock when
`begin` raises, after which every later query hangs.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from typing import Any

from tortoise.backends.base.client import TransactionalDBClient, TransactionContext
from tortoise.backends.sqlite.client import (
    SqliteClient,
    SqliteTransactionContext,
    SqliteTransactionWrapper,
    translate_exceptions,
)
from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError

from shared.database.counting import CountingMixin
from shared.database.nudge import committed

PRAGMAS: dict[str, str | int] = {
    "journal_mode": "WAL",
    "synchronous": "FULL",
    "busy_timeout": 10_000,
    "foreign_keys": "ON",
    "temp_store": "MEMORY",
    "cache_size": -16_000,
    "mmap_size": 0,  # mapped pages count as the process's memory: 200 MB of a large branch, for no time saved
    "journal_size_limit": 67_108_864,
    "wal_autocheckpoint": 4_000,
}


class OwnRowsMixin:
    """Counts the rows a statement itself touched; the stock client adds those its triggers wrote to the log."""

    @translate_exceptions
    async def execute_query(self, query: str, values: list[Any] | None = None) -> tuple[int, Sequence[Any]]:
        query = query.replace("\x00", "'||CHAR(0)||'")
        async with (
            self.acquire_connection() as connection,  # type: ignore[attr-defined]
            connection.execute(query, values) as cursor,
        ):
            rows = await cursor.fetchall()
            touched = cursor.rowcount
        return (touched if touched >= 0 else len(rows)), rows


class Client(CountingMixin, OwnRowsMixin, SqliteClient):
    """One connection, one writer at a time; pragmas as in PRAGMAS unless the settings say otherwise."""

    marks_transactions: bool = False

    def __init__(self, file_path: str, **kwargs: Any) -> None:
        super().__init__(file_path, **{**PRAGMAS, **kwargs})

    def _in_transaction(self) -> TransactionContext:
        return ImmediateContext(ImmediateTransaction(self), self._lock)

    async def execute_insert(self, query: str, values: list[Any]) -> Any:
        result = await super().execute_insert(query, values)
        committed()
        return result

    async def execute_many(self, query: str, values: list[Any]) -> None:
        await super().execute_many(query, values)
        committed()

    async def execute_query(self, query: str, values: list[Any] | None = None) -> Any:
        result = await super().execute_query(query, values)
        if not query.lstrip()[:6].upper().startswith("SELECT"):
            committed()
        return result


class ImmediateTransaction(CountingMixin, OwnRowsMixin, SqliteTransactionWrapper):
    """A transaction that takes the write lock when it begins and counts itself in the change log."""

    async def begin(self) -> None:
        try:
            await self._connection.execute("BEGIN IMMEDIATE")
            if self._parent.marks_transactions:  # type: ignore[attr-defined]
                await self._connection.execute("UPDATE change_head SET txid = txid + 1")
        except sqlite3.OperationalError as error:
            if self._connection.in_transaction:
                await self._connection.rollback()
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
