"""One instance of a service from its start, or its adoption, to its end: watched, and ended when it is to go or hangs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from netops.agent import events
from netops.agent.drivers import Exit, Instance
from netops.agent.health import Hang, Health
from netops.agent.probes import Prober
from netops.agent.settings import Service
from netops.agent.standing import Standing
from netops.agent.surroundings import Surroundings
from netops.agent.wishes import Wishes
from shared.nodes.report import Cause


@dataclass(frozen=True)
class Ended:
    """The end of an instance. `cause` None: somebody asked for it."""

    exit: Exit
    cause: Cause | None
    detail: str = ""
    seconds_since_first_sign: float = 0.0


class Life:
    """Of one instance. `ready_is` is told whenever it gets ready, and when it is not any more."""

    def __init__(
        self, service: Service, instance: Instance, around: Surroundings, wishes: Wishes, standing: Standing
    ) -> None:
        self._service, self._instance, self._around = service, instance, around
        self._wishes, self._standing = wishes, standing
        self._hang: Hang | None = None

    async def lived(self, probers: list[Prober], ready_is: Callable[[bool], None]) -> Ended:
        """Watches and waits; returns once nothing of the instance runs."""
        self._instance.exited.add_done_callback(lambda _: self._wishes.wake())
        self._wishes.wake()  # look at orders given before there was an instance
        health = Health(self._service, self._instance, probers, self._around.lag, ready_is, self._hang_found)
        probing = asyncio.create_task(health.run())
        try:
            return await self._until_end()
        finally:
            probing.cancel()
            for prober in probers:
                prober.close()

    def _hang_found(self, hang: Hang) -> None:
        self._hang = hang
        self._wishes.wake()

    async def _until_end(self) -> Ended:
        driver, service, wishes, instance = self._around.driver, self._service, self._wishes, self._instance
        while True:
            await wishes.woken.wait()
            wishes.woken.clear()
            if instance.exited.done():
                return Ended(instance.exited.result(), "exit")
            if not wishes.is_wanted:
                self._standing.enter("stopping")
                grace = service.stop_grace_seconds if wishes.grace_seconds is None else wishes.grace_seconds
                return Ended(await driver.stop(instance, grace), None)
            if wishes.restart is not None:
                cause, detail = wishes.take_restart()
                self._standing.enter("stopping", detail)
                exit = await driver.stop(instance, service.stop_grace_seconds, for_restart=True)
                return Ended(exit, cause if cause == "resource" else None, detail)
            if self._hang is not None:
                return await self._end_hung(self._hang)

    async def _end_hung(self, hang: Hang) -> Ended:
        """A stopped process cannot act on TERM, so it is killed at once; another gets a short grace."""
        since = asyncio.get_running_loop().time() - hang.first_sign
        events.warning(
            "service hangs", service=self._service.name, detail=hang.detail, seconds=round(since, 3)
        )
        if hang.is_stopped:
            self._around.driver.kill(self._instance)
        exit = await self._around.driver.stop(self._instance, self._service.hang_grace_seconds)
        return Ended(exit, "hang", hang.detail, since)
