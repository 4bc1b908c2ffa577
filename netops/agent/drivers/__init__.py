"""How services are run. The supervisor knows only `Driver` and `Instance`; drivers/process.py is the one for plain processes,
drivers/remote.py the ground of those that order something else to run them (systemd, Docker, Kubernetes)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from netops.agent.settings import Limits, Service


@dataclass(frozen=True, slots=True)
class Exit:
    """How an instance ended. Both None: it ended but was not our child, so nobody told us how. `note` says it in words."""

    code: int | None = None
    signal: int | None = None
    note: str = ""

    def __str__(self) -> str:
        if self.note:
            return self.note
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
    """Start time of the process in clock ticks since the host started; 0 where something else runs it."""
    driver: str = "process"


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

    async def stop(self, instance: Instance, grace_seconds: float, *, for_restart: bool = False) -> Exit:
        """TERM, then after the grace KILL for the whole group. Returns when the main process is gone. `for_restart`: a new
        instance is wanted next, so a driver that can replace it without a gap may do so."""

    def kill(self, instance: Instance) -> None:
        """KILL for the whole group, now. Harmless when it is already gone."""

    async def set_limits(self, instance: Instance, limits: Limits) -> str:
        """Limits a running instance; what was applied, in words. Raises OSError when nothing could be applied."""

    def members(self, instance: Instance) -> list[int]:
        """Process ids of the instance on this host, main process first; none when it runs elsewhere."""

    async def drain(self, instance: Instance, *, release: bool) -> str:
        """Stops new work from reaching the instance, or lets it again; what was done, in words, "" when this driver has
        no way (the service's own drain command is run then). Raises OSError."""


def signal_name(number: int) -> str:
    import signal

    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIG{number}"
