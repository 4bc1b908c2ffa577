"""How services are run. The supervisor knows only `Driver` and `Instance`; drivers/process.py is the one for plain processes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from netops.agent.settings import Limits, Service


@dataclass(frozen=True, slots=True)
class Exit:
    """How an instance ended. Both None: it ended but was not our child, so nobody told us how."""

    code: int | None = None
    signal: int | None = None

    def __str__(self) -> str:
        if self.signal is not None:
            return f"signal {signal_name(self.signal)}"
        return "unknown" if self.code is None else f"exit {self.code}"


@dataclass(frozen=True, slots=True)
class Mark:
    """What must be remembered to find an instance again: the pid alone is not enough, pids are used again."""

    service: str
    instance: str
    pid: int
    created_ticks: int
    """Start time of the process in clock ticks since the host started."""


class Instance(Protocol):
    """A running service. `exited` resolves with an Exit at once when it ends, whoever ended it."""

    mark: Mark
    exited: asyncio.Future[Exit]

    def cpu_seconds(self) -> float | None:
        """CPU time used so far by the main process; None when it is gone."""

    def state(self) -> str:
        """The kernel's letter for the main process: R, S, D (waits for a disk), T (stopped), ...; "" when it is gone."""


class Driver(Protocol):
    """Starts and ends instances. No method waits for disk or network longer than the kernel call itself takes."""

    async def start(self, service: Service, log: Path) -> Instance:
        """A new instance. Raises OSError when the command cannot be started; then nothing runs."""

    def adopt(self, service: Service, mark: Mark) -> Instance | None:
        """The instance remembered by mark if it still runs, else None. Nothing is changed."""

    async def stop(self, instance: Instance, grace_seconds: float) -> Exit:
        """TERM, then after the grace KILL for the whole group. Returns when the main process is gone."""

    def kill(self, instance: Instance) -> None:
        """KILL for the whole group, now. Harmless when it is already gone."""

    def set_limits(self, instance: Instance, limits: Limits) -> str:
        """Limits a running instance; what was applied, in words. Raises OSError when nothing could be applied."""

    def members(self, instance: Instance) -> list[int]:
        """Process ids of the instance, main process first."""


def signal_name(number: int) -> str:
    import signal

    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIG{number}"
