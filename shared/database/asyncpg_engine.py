"""Tortoise engine for PostgreSQL (asyncpg), counting its statements."""

from typing import Any

from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import TransactionContext, TransactionContextPooled

from shared.database.counting import CountingMixin
from shared.database.nudge import committed


class Client(CountingMixin, AsyncpgDBClient):
    """The stock pooled client with a statement counter."""

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
