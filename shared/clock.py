"""The one clock of product code: everything that asks 'what time is it' asks `now()`.

Durations are measured with time.monotonic or time.perf_counter; business dates come from shared.periods.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar


class Clock(Protocol):
    """Something that answers the present instant as an aware UTC datetime."""

    def now(self) -> datetime: ...


C = TypeVar("C", bound=Clock)


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FixedClock:
    """A clock for tests: stands still until `set` or `advance` moves it, also backwards."""

    def __init__(self, at: datetime | str) -> None:
        self._at = _aware_utc(at)

    def now(self) -> datetime:
        return self._at

    def set(self, at: datetime | str) -> datetime:
        self._at = _aware_utc(at)
        return self._at

    def advance(self, **amount: float) -> datetime:
        """Moves by `timedelta(**amount)`, e.g. `advance(hours=2)`; negative amounts set the clock back."""
        self._at += timedelta(**amount)
        return self._at


_current: Clock = SystemClock()


def now() -> datetime:
    """The present instant, aware and in UTC."""
    return _current.now()


def current() -> Clock:
    """The clock in use."""
    return _current


@contextmanager
def use(clock: C) -> Iterator[C]:
    """Replaces the clock for the whole process (all tasks and threads) until the block ends."""
    global _current
    before, _current = _current, clock
    try:
        yield clock
    finally:
        _current = before


def _aware_utc(at: datetime | str) -> datetime:
    """`at` in UTC; a text is ISO 8601. ValueError for an instant without offset: it would mean nothing."""
    instant = datetime.fromisoformat(at) if isinstance(at, str) else at
    if instant.tzinfo is None:
        raise ValueError(f"an instant needs its offset: {at!r}")
    return instant.astimezone(UTC)
