"""The ground of drivers that order something else to run a service: ask for its status, compare, wait.

An instance is known by a name that the other side gives each of its lives. Its end is seen by asking again: at once when the
other side tells of a change, else every few seconds; while the other side does not answer nothing is concluded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from netops.agent import events
from netops.agent.drivers import Exit, Instance, Mark
from netops.agent.kernel import cpu_seconds_of, descendants_of, state_of
from netops.agent.settings import Limits, Service

_START_SECONDS = 120.0
_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 0.5
_AWAY_SECONDS = 1.0
_BETWEEN_SECONDS = 10.0


NOTHING = Exit()


@dataclass(frozen=True, slots=True)
class Status:
    """What the other side says. `instance` is "" when nothing runs; `exit` then says how the last one ended."""

    instance: str = ""
    pid: int = 0
    exit: Exit = NOTHING
    is_unhealthy: bool = False


class Away(OSError):
    """The other side does not answer: nothing is known about the service now."""


class Control(Protocol):
    """One kind of other side. `name` is the unit, the container, the deployment. Every method raises Away or OSError."""

    kind: str
    every_seconds: float
    """How often to ask when it tells of no change."""

    def knows(self, service: Service) -> None:
        """Called with each service before anything else about it."""

    async def status(self, name: str) -> Status: ...
    async def start(self, name: str, service: Service) -> None: ...
    async def stop(self, name: str, grace_seconds: float) -> None: ...
    async def restart(self, name: str, grace_seconds: float) -> None: ...
    async def kill(self, name: str) -> None: ...
    async def limit(self, name: str, limits: Limits) -> str: ...
    async def drain(self, name: str, *, release: bool) -> str: ...
    async def changed(self, name: str, seconds: float) -> None:
        """Returns when the other side tells of a change of `name`, at the latest after `seconds`."""

    async def close(self) -> None: ...


class RemoteInstance:
    """One life of a service elsewhere. Made by RemoteDriver only."""

    def __init__(self, mark: Mark, name: str) -> None:
        self.mark, self.name = mark, name
        self.exited: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self.watch: asyncio.Task[None] | None = None

    def cpu_seconds(self) -> float | None:
        return cpu_seconds_of(self.mark.pid) if self.mark.pid else None

    def state(self) -> str:
        """The kernel's letter where the process is on this host; "R" where it runs elsewhere."""
        return state_of(self.mark.pid) if self.mark.pid else "R"

    def ended(self, exit: Exit) -> None:
        if not self.exited.done():
            self.exited.set_result(exit)


class RemoteDriver:
    """A Driver over a Control."""

    def __init__(self, control: Control) -> None:
        self.control = control
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, service: Service, log: Path) -> RemoteInstance:
        """What runs already is taken over; else it is started, and waited for until it runs."""
        self.control.knows(service)
        name = service.target
        found = await self.control.status(name)
        if not found.instance:
            await self.control.start(name, service)
            found = await self._until_running(name)
        instance = self._instance(service, name, found)
        if service.limits != Limits():
            try:
                await self.control.limit(name, service.limits)
            except OSError as error:
                events.warning("service runs without its limits", service=service.name, error=str(error))
        return instance

    async def _until_running(self, name: str) -> Status:
        pause = _PAUSE_SECONDS
        try:
            async with asyncio.timeout(_START_SECONDS):
                while True:
                    found = await self.control.status(name)
                    if found.instance:
                        return found
                    if found.exit != NOTHING:
                        raise OSError(f"{name} ended at once: {found.exit}")
                    await self.control.changed(name, pause)
                    pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)
        except TimeoutError:
            raise OSError(f"{name} did not come up within {_START_SECONDS:.0f} s") from None

    def adopt(self, service: Service, mark: Mark) -> RemoteInstance | None:
        """Taken over on trust; the first look at it ends the instance when it is another one by now."""
        self.control.knows(service)
        return self._watched(RemoteInstance(mark, service.target)) if service.target else None

    def _instance(self, service: Service, name: str, found: Status) -> RemoteInstance:
        mark = Mark(service.name, found.instance, found.pid, 0, self.control.kind)
        return self._watched(RemoteInstance(mark, name))

    def _watched(self, instance: RemoteInstance) -> RemoteInstance:
        instance.watch = self._soon(self._watch(instance))
        return instance

    async def _watch(self, instance: RemoteInstance) -> None:
        """Until the instance has ended. An unhealthy one is stopped here: nobody else does it. Between two lives the other
        side may say neither that it runs nor how it ended; that is waited for, not for ever."""
        loop = asyncio.get_running_loop()
        between_since: float | None = None
        while not instance.exited.done():
            try:
                found = await self.control.status(instance.name)
                if not found.instance and found.exit == NOTHING:
                    between_since = between_since or loop.time()
                    if loop.time() - between_since < _BETWEEN_SECONDS:
                        await self.control.changed(instance.name, _PAUSE_SECONDS)
                        continue
                if found.instance != instance.mark.instance:
                    instance.ended(found.exit if not found.instance else Exit(note="replaced"))
                    return
                between_since = None
                if found.is_unhealthy:
                    events.warning("service unhealthy", service=instance.mark.service, name=instance.name)
                    await self.control.stop(instance.name, 1.0)
                    instance.ended(Exit(note="unhealthy"))
                    return
                await self.control.changed(instance.name, self.control.every_seconds)
            except OSError as error:
                events.warning("service cannot be asked", service=instance.mark.service, error=str(error))
                await asyncio.sleep(_AWAY_SECONDS)

    async def stop(self, instance: Instance, grace_seconds: float, *, for_restart: bool = False) -> Exit:
        assert isinstance(instance, RemoteInstance)
        order = self.control.restart if for_restart else self.control.stop
        try:
            await order(instance.name, grace_seconds)
            async with asyncio.timeout(grace_seconds + 5.0):
                return await asyncio.shield(instance.exited)
        except (TimeoutError, OSError) as error:
            if isinstance(error, Away):
                events.warning("service cannot be stopped", service=instance.mark.service, error=str(error))
            self.kill(instance)
            return await asyncio.shield(instance.exited)

    def kill(self, instance: Instance) -> None:
        assert isinstance(instance, RemoteInstance)
        if not instance.exited.done():
            self._soon(self._kill(instance))

    async def _kill(self, instance: RemoteInstance) -> None:
        """Until it is gone: the other side may be away for a moment."""
        while not instance.exited.done():
            try:
                await self.control.kill(instance.name)
            except OSError as error:
                events.warning("service cannot be killed", service=instance.mark.service, error=str(error))
            await asyncio.wait([instance.exited], timeout=_AWAY_SECONDS)

    async def set_limits(self, instance: Instance, limits: Limits) -> str:
        assert isinstance(instance, RemoteInstance)
        return await self.control.limit(instance.name, limits)

    async def drain(self, instance: Instance, *, release: bool) -> str:
        assert isinstance(instance, RemoteInstance)
        return await self.control.drain(instance.name, release=release)

    def members(self, instance: Instance) -> list[int]:
        return descendants_of(instance.mark.pid) if instance.mark.pid else []

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.control.close()

    def _soon(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
