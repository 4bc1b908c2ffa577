"""Tortoise engine for PostgreSQL (asyncpg), counting its statements."""

from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import TransactionContext, TransactionContextPooled

from shared.database.counting import CountingMixin


class Client(CountingMixin, AsyncpgDBClient):
    """The stock pooled client with a statement counter."""

    def _in_transaction(self) -> TransactionContext:
        return TransactionContextPooled(CountedTransaction(self), self._pool_init_lock)


class CountedTransaction(CountingMixin, TransactionWrapper):
    """A transaction on one pooled connection."""


client_class = Client
