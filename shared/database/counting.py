"""Counts the statements of the current request, so that 'a constant number of queries' can be asserted."""

from contextvars import ContextVar
from typing import Any

_counter: ContextVar[list[int] | None] = ContextVar("queries_made", default=None)


def start_counting() -> list[int]:
    """A fresh one-element counter for this task and the tasks it starts."""
    counter = [0]
    _counter.set(counter)
    return counter


def current_count() -> int:
    """Statements since `start_counting` in this context; 0 when nobody counts."""
    counter = _counter.get()
    return counter[0] if counter else 0


def count_statement() -> None:
    """One more statement of the request, if anybody counts."""
    counter = _counter.get()
    if counter is not None:
        counter[0] += 1


class CountingMixin:
    """Put before a Tortoise client class."""

    async def execute_insert(self, query: str, values: list[Any]) -> Any:
        count_statement()
        return await super().execute_insert(query, values)  # type: ignore[misc]

    async def execute_many(self, query: str, values: list[Any]) -> None:
        count_statement()
        await super().execute_many(query, values)  # type: ignore[misc]

    async def execute_query(self, query: str, values: list[Any] | None = None) -> Any:
        count_statement()
        return await super().execute_query(query, values)  # type: ignore[misc]

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
        count_statement()
        return await super().execute_query_dict(query, values)  # type: ignore[misc,no-any-return]
