"""One driver for all services of a node: each goes to the driver its node file names. What a driver speaks through is
imported at its first use, so a node of plain processes carries none of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import cast

from netops.agent.drivers import Driver, Exit, Instance, Mark
from netops.agent.drivers.process import ProcessDriver
from netops.agent.settings import Limits, Service


class Drivers:
    """Is itself a Driver."""

    def __init__(self, processes: ProcessDriver) -> None:
        self.processes = processes
        self._others: dict[str, Driver] = {}

    def of(self, kind: str) -> Driver:
        """Raises OSError, in words, when what the driver speaks through is not installed."""
        if kind == "process":
            return self.processes
        if kind not in self._others:
            try:
                self._others[kind] = _make(kind)
            except ImportError as error:
                raise OSError(
                    f"the driver {kind} needs the extra 'drivers': pip install trunkline[drivers] ({error})"
                ) from error
        return self._others[kind]

    async def start(self, service: Service, log: Path) -> Instance:
        return await self.of(service.driver).start(service, log)

    def adopt(self, service: Service, mark: Mark) -> Instance | None:
        """None also when the service is run by another driver now."""
        return self.of(service.driver).adopt(service, mark) if mark.driver == service.driver else None

    async def stop(self, instance: Instance, grace_seconds: float, *, for_restart: bool = False) -> Exit:
        return await self.of(instance.mark.driver).stop(instance, grace_seconds, for_restart=for_restart)

    def kill(self, instance: Instance) -> None:
        self.of(instance.mark.driver).kill(instance)

    async def set_limits(self, instance: Instance, limits: Limits) -> str:
        return await self.of(instance.mark.driver).set_limits(instance, limits)

    def members(self, instance: Instance) -> list[int]:
        return self.of(instance.mark.driver).members(instance)

    async def drain(self, instance: Instance, *, release: bool) -> str:
        return await self.of(instance.mark.driver).drain(instance, release=release)

    def strays(self, known: Iterable[int]) -> list[Mark]:
        return self.processes.strays(known)

    def runs_command(self, mark: Mark, service: Service) -> bool:
        return service.driver == "process" and self.processes.runs_command(mark, service)

    async def close(self) -> None:
        """Lets go of the connections; what runs goes on."""
        from netops.agent.drivers.remote import RemoteDriver

        for driver in self._others.values():
            await cast(RemoteDriver, driver).close()


def _make(kind: str) -> Driver:
    from netops.agent.drivers.remote import Control, RemoteDriver

    control: Control
    if kind == "systemd":
        from netops.agent.drivers.systemd import Systemd

        control = Systemd()
    elif kind == "docker":
        from netops.agent.drivers.docker import Docker

        control = Docker()
    else:
        from netops.agent.drivers.kubernetes import Kubernetes

        control = Kubernetes()
    return RemoteDriver(control)
