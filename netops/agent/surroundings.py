"""What the supervisors of one node share: the driver, the clock-lag meter, the cap on restarts, who to tell."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from netops.agent.drivers import Driver
from netops.agent.journal import ServiceMemory
from netops.agent.recovery import Emit
from netops.agent.starvation import LoopLag

if TYPE_CHECKING:
    from netops.agent.supervise import Supervisor


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
    chance: Callable[[], float] = random.random
    peers: dict[str, Supervisor] = field(default_factory=dict)
