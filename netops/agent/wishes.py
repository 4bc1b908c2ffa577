"""What is wanted of one service: kept across a restart of the agent, except for an order to restart."""

from __future__ import annotations

import asyncio

from netops.agent.journal import ServiceMemory
from shared.nodes.report import Cause


class Wishes:
    """The orders that its task has not carried out yet. Whoever notes one sets `woken`; so does all else that happens."""

    def __init__(self, memory: ServiceMemory) -> None:
        self._memory = memory
        self.woken = asyncio.Event()
        self.is_ending = False
        self.grace_seconds: float | None = None
        self.restart: tuple[Cause, str] | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether an instance is to run: also an agent that ends wants none."""
        return self._memory.is_wanted and not self.is_ending

    @property
    def is_to_go(self) -> bool:
        """Whether the instance that runs is to end, for good or for another."""
        return self.restart is not None or not self.is_wanted

    def wake(self) -> None:
        self.woken.set()

    def want(self, is_wanted: bool, grace_seconds: float | None = None) -> None:
        """`wake` comes from whoever calls, once it is written down."""
        self._memory.is_wanted = is_wanted
        if not is_wanted:
            self.grace_seconds = grace_seconds

    def take_restart(self) -> tuple[Cause, str]:
        """The order to restart, which is carried out with that."""
        assert self.restart is not None
        taken, self.restart = self.restart, None
        return taken
