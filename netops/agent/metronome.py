"""Wakes everybody who waits for the same second by one timer, and once more a moment later: probes of all services are
asked together and their answers read together, not one by one."""

from __future__ import annotations

import asyncio
import time

_HAIR_SECONDS = 0.001
_MOMENT_SECONDS = 0.005
"""Long for a service to say that it is well, short beside the second in which it is asked again."""


class Metronome:
    """One per agent."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[float, int], list[asyncio.Future[None]]] = {}
        self._soon: list[asyncio.Future[None]] = []

    @staticmethod
    def next(interval_seconds: float) -> float:
        """The next multiple of the interval (time.monotonic). The loop may strike a hair too early: that tick is over then."""
        return ((time.monotonic() + _HAIR_SECONDS) // interval_seconds + 1) * interval_seconds

    async def tick(self, interval_seconds: float) -> None:
        """Returns at the next multiple of the interval."""
        loop, due = asyncio.get_running_loop(), self.next(interval_seconds)
        key = (interval_seconds, round(due / interval_seconds))
        if key not in self._waiting:
            self._waiting[key] = []
            loop.call_at(due, self._strike, key)
        future: asyncio.Future[None] = loop.create_future()
        self._waiting[key].append(future)
        await future

    async def moment(self) -> None:
        """Returns within 5 ms, together with all who began to wait meanwhile."""
        loop = asyncio.get_running_loop()
        if not self._soon:
            loop.call_later(_MOMENT_SECONDS, self._strike_soon)
        future: asyncio.Future[None] = loop.create_future()
        self._soon.append(future)
        await future

    def _strike(self, key: tuple[float, int]) -> None:
        _wake(self._waiting.pop(key))

    def _strike_soon(self) -> None:
        waiting, self._soon = self._soon, []
        _wake(waiting)


def _wake(waiting: list[asyncio.Future[None]]) -> None:
    for future in waiting:
        if not future.done():
            future.set_result(None)
