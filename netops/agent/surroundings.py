"""What the supervisors of one node share: the driver, the clock-lag meter, the cap on restarts, who to tell."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from netops.agent.drivers import Driver
from netops.agent.journal import ServiceMemory
from netops.agent.load_control import LoadControl
from netops.agent.recovery import Emit
from netops.agent.starvation import LoopLag

if TYPE_CHECKING:
    from netops.agent.supervise import Supervisor


_LONGEST_SECONDS = 30.0


class Slot:
    """One supervisor's claim to one of the host's restarts at a time. Given back when ready, at the end of the life, or
    after half a minute: a service that starts slowly must not keep the others down."""

    def __init__(self, slots: asyncio.Semaphore) -> None:
        self._slots = slots
        self._timer: asyncio.TimerHandle | None = None

    async def take(self) -> None:
        await self._slots.acquire()
        self._timer = asyncio.get_running_loop().call_later(_LONGEST_SECONDS, self.free)

    def free(self) -> None:
        """May be called when it is not held."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._slots.release()


@dataclass
class Surroundings:
    """Made once by the agent. `remember` and `emit` hand over to the disk thread; `changed` asks for a fresh report."""

    driver: Driver
    lag: LoopLag
    restart_slots: asyncio.Semaphore
    dependencies: dict[str, list[str]]
    emit: Emit
    remember: Callable[[str, ServiceMemory], None]
    changed: Callable[[], None]
    load: LoadControl | None = None
    chance: Callable[[], float] = random.random
    peers: dict[str, Supervisor] = field(default_factory=dict)
