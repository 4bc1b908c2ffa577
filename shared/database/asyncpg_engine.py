"""Tortoise engine for PostgreSQL (asyncpg), counting its statements.

A connection goes back to its pool as it is. asyncpg would send four statements each time, to close cursors and take back
settings, locks and listeners of the session; no statement here leaves any (what needs a session opens one of its own), and
a page of ten statements would go to the server twenty times.
"""

from typing import Any

from asyncpg import Connection
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import TransactionContext, TransactionContextPooled

from shared.database.counting import CountingMixin
from shared.database.nudge import committed


class PooledConnection(Connection):  # type: ignore[misc]
    """A connection that is rolled back when it comes back in a transaction, and else left alone."""

    def get_reset_query(self) -> str:
        return ""


class Client(CountingMixin, AsyncpgDBClient):
    """The stock pooled client with a statement counter."""

    connection_class = PooledConnection

    def _in_transaction(self) -> TransactionContext:
        return TransactionContextPooled(CountedTransaction(self), self._pool_init_lock)

    async def execute_insert(self, query: str, values: list[Any]) -> Any:
        result = await super().execute_insert(query, values)
        committed()
        return result

    async def execute_query(self, query: str, values: list[Any] | None = None) -> Any:
        result = await super().execute_query(query, values)
        if not query.lstrip()[:6].upper().startswith("SELECT"):
            committed()
        return result


class CountedTransaction(CountingMixin, TransactionWrapper):
    """A transaction on one pooled connection."""

    async def commit(self) -> None:
        await super().commit()
        committed()


client_class = Client
