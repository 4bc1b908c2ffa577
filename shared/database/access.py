"""Transactions and set-based SQL with named parameters, the same on SQLite and PostgreSQL."""

import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import require_context
from tortoise.transactions import in_transaction

from shared.canonical import to_micros
from shared.database.counting import current_count, start_counting

_NAMED = re.compile(r"(?<![:\w]):([a-z_][a-z0-9_]*)")
_actor: ContextVar[UUID | None] = ContextVar("actor", default=None)


def connection() -> BaseDBAsyncClient:
    """The connection of the current context: inside `transaction()`, the transaction's own."""
    return require_context().db()


def database_name() -> str:
    """Which database is current, so that two sites in one process do not share answers; '' where it cannot be told."""
    client = connection()
    return str(getattr(client, "filename", "") or getattr(client, "database", "") or "")


def engine() -> str:
    """'sqlite' or 'postgres', for the few statements that differ."""
    return connection().capabilities.dialect


@asynccontextmanager
async def transaction() -> AsyncIterator[BaseDBAsyncClient]:
    """One transaction: BEGIN IMMEDIATE on SQLite, READ COMMITTED on PostgreSQL; nested calls are savepoints.

    Raises what the body raises, after rolling back.
    """
    async with in_transaction(require_context().default_connection) as client:
        yield client


@lru_cache(maxsize=4096)
def _positions(sql: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    parts: list[str] = []
    names: list[str] = []
    last = 0
    for match in _NAMED.finditer(sql):
        parts.append(sql[last : match.start()])
        names.append(match.group(1))
        last = match.end()
    parts.append(sql[last:])
    return tuple(parts), tuple(names)


_AS_IT_IS = frozenset({str, int, float, bool, bytes, type(None)})


def _plain(value: Any, dialect: str) -> Any:
    if type(value) in _AS_IT_IS:
        return value
    if isinstance(value, datetime):
        return to_micros(value)
    if dialect == "sqlite":
        if isinstance(value, UUID):
            return str(value)
        if isinstance(value, date):
            return value.isoformat()
    return value


def bind(sql: str, params: Mapping[str, Any], dialect: str) -> tuple[str, list[Any]]:
    """SQL with `:name` places turned into the engine's own, and the values in order.

    A list, tuple or set expands to a bracketed list for `IN :ids`; an empty one becomes `(NULL)`, which
    matches nothing. A `::cast` is left alone. Raises KeyError for a name without a value.
    """
    parts, names = _positions(sql)
    out = [parts[0]]
    values: list[Any] = []

    def place(value: Any) -> str:
        values.append(_plain(value, dialect))
        return f"${len(values)}" if dialect == "postgres" else "?"

    for name, part in zip(names, parts[1:], strict=True):
        value = params[name]
        if isinstance(value, (list, tuple, set, frozenset)):
            out.append("(" + (", ".join(place(item) for item in value) or "NULL") + ")")
        else:
            out.append(place(value))
        out.append(part)
    return "".join(out), values


async def fetch_all(sql: str, **params: Any) -> list[dict[str, Any]]:
    """All rows as dictionaries; an empty list when there are none."""
    client = connection()
    query, values = bind(sql, params, client.capabilities.dialect)
    return await client.execute_query_dict(query, values)


async def fetch_rows(sql: str, **params: Any) -> list[tuple[Any, ...]]:
    """All rows as tuples in the order of the columns: for answers of a thousand rows, of which dictionaries cost more than the
    reading."""
    client = connection()
    query, values = bind(sql, params, client.capabilities.dialect)
    _, rows = await client.execute_query(query, values)
    return list(map(tuple, rows))


async def fetch_one(sql: str, **params: Any) -> dict[str, Any] | None:
    """The first row, or None."""
    rows = await fetch_all(sql, **params)
    return rows[0] if rows else None


async def fetch_value(sql: str, **params: Any) -> Any:
    """The first column of the first row, or None when there is no row."""
    row = await fetch_one(sql, **params)
    return next(iter(row.values())) if row else None


async def execute(sql: str, **params: Any) -> int:
    """Run one INSERT, UPDATE or DELETE; the number of rows that an UPDATE or DELETE touched.

    For an INSERT the number is not reliable on PostgreSQL: use RETURNING where it matters.
    """
    client = connection()
    query, values = bind(sql, params, client.capabilities.dialect)
    touched, _ = await client.execute_query(query, values)
    return touched


async def refresh_statistics() -> None:
    """Let SQLite look at up to 1,000 entries of each index, so that it chooses among them by what they hold.

    Without it every index that begins with the branch looks as good as the one that finds ten rows. It takes some
    40 ms at a million rows, as a writer. PostgreSQL does the like by itself.
    """
    if engine() == "sqlite":
        await execute("PRAGMA analysis_limit = 1000")
        await execute("ANALYZE")


async def execute_many(sql: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Run one statement for each row of parameters (no list values)."""
    if not rows:
        return
    client = connection()
    dialect = client.capabilities.dialect
    query, _ = bind(sql, rows[0], dialect)
    await client.execute_many(query, _values(sql, rows, dialect))


async def execute_together(statements: Sequence[tuple[str, Sequence[Mapping[str, Any]]]]) -> None:
    """Run each statement for each row of its parameters (no list values), all of it in one transaction.

    On SQLite the whole of it is one way to the thread and back; within `transaction()` it is a part of that one.
    """
    client = connection()
    dialect = client.capabilities.dialect
    bound = [
        (bind(sql, rows[0], dialect)[0], _values(sql, rows, dialect)) for sql, rows in statements if rows
    ]
    if not bound:
        return
    if isinstance(client, WritesTogether):
        await client.execute_together(bound)
        return
    async with transaction() as inner:
        for query, values in bound:
            await inner.execute_many(query, values)


@runtime_checkable
class WritesTogether(Protocol):
    """A client that can make a whole transaction of statements by itself."""

    async def execute_together(self, statements: Sequence[tuple[str, list[list[Any]]]]) -> None: ...


def _values(sql: str, rows: Sequence[Mapping[str, Any]], dialect: str) -> list[list[Any]]:
    """The rows in the order of the statement's places."""
    names = _positions(sql)[1]
    return [[_plain(row[name], dialect) for name in names] for row in rows]


def count_queries() -> list[int]:
    """Start counting statements for this request; the one-element list holds the running number."""
    return start_counting()


def queries_made() -> int:
    """Statements made since `count_queries` in this request."""
    return current_count()


def actor() -> UUID | None:
    """The employee in whose name rows are written now; None for the system itself."""
    return _actor.get()


@contextmanager
def as_actor(person_id: UUID | None) -> Iterator[None]:
    """Write rows in this person's name inside the block (`recorded_by`, `changed_by`)."""
    token = _actor.set(person_id)
    try:
        yield
    finally:
        _actor.reset(token)
