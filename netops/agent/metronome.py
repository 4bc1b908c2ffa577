"""Wakes everybody who waits for the same second by one timer: probes of all services are asked together, not one by one."""

from __future__ import annotations

import asyncio
import time

_HAIR_SECONDS = 0.001


class Metronome:
    """One per agent."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[float, int], list[asyncio.Future[None]]] = {}

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

    def _strike(self, key: tuple[float, int]) -> None:
        for future in self._waiting.pop(key):
            if not future.done():
                future.set_result(None)
