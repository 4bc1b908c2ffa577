"""The agent watches itself: a watcher that is kept waiting must not conclude that the others are dead."""

from __future__ import annotations

import time
from collections import deque

from netops.agent.metronome import Metronome

TICK_SECONDS = 1.0
_REMEMBERED_TICKS = 10
STARVED_SECONDS = 0.25


class LoopLag:
    """How late the event loop wakes up. One per agent; `run` is a task."""

    def __init__(self) -> None:
        self.metronome = Metronome()
        self._lags: deque[tuple[float, float]] = deque(maxlen=_REMEMBERED_TICKS)
        self._worst_remembered = 0.0
        self._due = time.monotonic()

    async def run(self) -> None:
        while True:
            self._due = self.metronome.next(TICK_SECONDS)
            await self.metronome.tick(TICK_SECONDS)
            woke = time.monotonic()
            self._lags.append((woke, max(0.0, woke - self._due)))
            self._worst_remembered = max(lag for _, lag in self._lags)

    def worst(self, since: float) -> float:
        """Greatest lag in seconds noticed since that instant (time.monotonic), counting a tick that is overdue now."""
        overdue = max(0.0, time.monotonic() - self._due)
        return max([overdue, *(lag for at, lag in self._lags if at >= since)])

    def is_starved(self, since: float) -> bool:
        return self.worst(since) >= STARVED_SECONDS

    def stretch(self) -> float:
        """By what to multiply a time limit now: 1 when all is quiet, growing with the lag of the last ten ticks. Every probe asks."""
        return 1.0 + 4.0 * max(self._worst_remembered, time.monotonic() - self._due)
