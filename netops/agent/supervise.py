"""Keeps one service as it is wanted: one task per service that never waits for disk or network.

The task sleeps on one event. Whatever happens (the process ended, it hangs, somebody gives an order) is noted in a field
and the event is set; the task looks at the fields and moves the service from state to state.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from netops.agent import events
from netops.agent.drivers import Exit, Instance
from netops.agent.health import Hang, Health
from netops.agent.host_clock import boot_seconds
from netops.agent.journal import ServiceMemory
from netops.agent.ladder import Ladder
from netops.agent.probes import Prober
from netops.agent.recovery import Failure, RecoveryAccount
from netops.agent.rules import (
    History,
    after_exit,
    after_start,
    dependants_of,
    healed,
    resume_at,
    starts_in_window,
)
from netops.agent.service_log import last_lines, rotate
from netops.agent.settings import Service
from netops.agent.surroundings import Slot, Surroundings
from shared.clock import now
from shared.nodes.report import Cause, ServiceState, State


@dataclass(frozen=True)
class _Ended:
    """The end of an instance. `cause` None: somebody asked for it."""

    exit: Exit
    cause: Cause | None
    detail: str = ""
    seconds_since_first_sign: float = 0.0


def why_not(error: OSError) -> str:
    """The reason with the file that it is about: without it nobody knows whether a program, a folder or a log was missing."""
    reason = error.strerror or str(error)
    return f"{reason}: {error.filename}" if error.filename else reason


class Supervisor:
    """One service. `start`, `stop`, `restart` are orders: they return at once and survive a restart of the agent."""

    def __init__(self, service: Service, log: Path, around: Surroundings, memory: ServiceMemory) -> None:
        self.service, self._log, self._around, self._memory = service, log, around, memory
        self._account = RecoveryAccount(service.name, around.emit, memory)
        self._probers = [Prober(probe, service.cwd) for probe in service.probes]
        self.ladder = Ladder(service, self._ladder_restart, around.emit, around.load)
        self.state: State = "stopped"
        self._since = now()
        self.is_ready = False
        self.reason = ""
        self.instance: Instance | None = None
        self._wake = asyncio.Event()
        self._hang: Hang | None = None
        self._restart_order: tuple[Cause, str] | None = None
        self._not_before = 0.0
        self._next_start_at: datetime | None = None
        self._last_exit = ""
        self._slot = Slot(around.restart_slots)
        self._is_recovering = False
        self._is_counted = True
        self._is_ending = False
        self._gone = asyncio.Event()
        self._gone.set()
        self._dependants_due = False
        self._grace: float | None = None
        self._timers: list[asyncio.TimerHandle] = []

    # Orders

    def start(self) -> None:
        """Wants the service, at once even from a back-off or a crash loop."""
        self._memory.is_wanted = True
        if self.instance is None:
            self._not_before = 0.0
            self._is_counted = False
        self._save()
        self._wake.set()

    def stop(self, grace_seconds: float | None = None) -> None:
        """Wants the service gone, until `start`."""
        self._memory.is_wanted = False
        self._grace = grace_seconds
        self._save()
        self._wake.set()

    def restart(self, cause: Cause = "command", detail: str = "") -> None:
        """Ends the running instance and starts a new one; only starts when nothing runs."""
        if self.instance is None:
            self.start()
        else:
            self._restart_order = (cause, detail)
            self._wake.set()

    def restart_with_dependants(self, cause: Cause = "command") -> None:
        """All that need this service end too and come back after it, in order."""
        self.restart(cause)
        self._restart_dependants()

    async def end(self) -> None:
        """For the agent's own end: stops the service, after those that need it, without forgetting that it is wanted."""
        for peer in self._dependants():
            await peer._gone.wait()
        await self.end_alone()

    async def end_alone(self) -> None:
        """The same without waiting for those that need it. An orderly end by a person closes the budget's account."""
        self._is_ending = True
        self._wake.set()
        await self._gone.wait()
        self._memory.history = History()
        self._save()

    # The task

    def adopt(self) -> bool:
        """Takes over the instance of an earlier agent; before `run`. False when there is none any more."""
        mark = self._memory.mark
        if mark is None:
            self._not_before = resume_at(self.service.restart, self._memory.history)
            return False
        self.instance = self._around.driver.adopt(self.service, mark)
        if self.instance is None:
            events.warning("service lost while agent was away", service=self.service.name, pid=mark.pid)
            self._memory.mark = None
            if self._memory.is_wanted:
                self._settle(_Ended(Exit(), "lost"), mark.instance)
            return False
        events.info("service adopted", service=self.service.name, pid=mark.pid, instance=mark.instance)
        self._gone.clear()
        self._enter("starting", "adopted")
        return True

    async def run(self) -> None:
        """Until cancelled. A defect in here is logged and the service is looked after again a second later."""
        while True:
            try:
                if self.instance is None:
                    await self._wait_for_start()
                    await self._launch()
                if self.instance is not None:
                    await self._live()
            except Exception:
                events.error("supervision failed", service=self.service.name)
                await asyncio.sleep(1.0)

    async def _wait_for_start(self) -> None:
        """Returns when the service is to be started now."""
        while True:
            self._wake.clear()
            wait: float | None = None
            if not self._memory.is_wanted or self._is_ending:
                self._enter("stopped")
            elif (left := self._not_before - boot_seconds()) > 0:
                self._enter("crash_loop" if self._memory.history.looping_since is not None else "backoff")
                wait = left
            elif blocker := self._blocker():
                self._enter("waiting", f"needs {blocker}")
                wait = 0.25
            else:
                return
            try:
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            except TimeoutError:
                pass

    def _blocker(self) -> str:
        peers = self._around.peers
        needed = (name for name in self.service.depends_on if name in peers)
        return next((name for name in needed if not peers[name]._is_available), "")

    @property
    def _is_available(self) -> bool:
        """Ready, and not told to go: who needs this service need not wait for a new instance of it."""
        is_leaving = self._restart_order is not None or not self._memory.is_wanted or self._is_ending
        return self.is_ready and not is_leaving and self.state != "stopping"

    async def _launch(self) -> None:
        """Starts an instance and notes it. A command that cannot be started is a failure like any other."""
        if self._is_recovering:
            await self._slot.take()
            if not self._memory.is_wanted or self._is_ending:
                self._slot.free()
                return
        memory = self._memory
        memory.started, memory.ready_since = boot_seconds(), None
        if self._is_counted:
            memory.history = after_start(self.service.restart, memory.history, memory.started)
        self._is_counted = True
        self._next_start_at = None
        try:
            self._turn_log_over()
            self.instance = await self._around.driver.start(self.service, self._log)
        except OSError as error:
            self._settle(_Ended(Exit(note="not started"), "exit", f"cannot be started: {why_not(error)}"), "")
            return
        self._gone.clear()
        memory.mark = self.instance.mark
        self.ladder.restarted()
        self._save()
        self._account.acted(self.instance.mark.instance)
        self._enter("starting")

    def _turn_log_over(self) -> None:
        """A log that cannot be turned over keeps no service from its start."""
        try:
            rotate(self._log, self.service.log)
        except OSError as error:
            events.warning("log not turned over", service=self.service.name, error=why_not(error))

    async def _live(self) -> None:
        """From the start of an instance, or its adoption, to its end."""
        instance = self.instance
        assert instance is not None
        self._hang = None
        instance.exited.add_done_callback(lambda _: self._wake.set())
        self._wake.set()  # look at orders given before there was an instance
        health = Health(
            self.service, instance, self._probers, self._around.lag, self._ready_is, self._hang_found
        )
        probing = asyncio.create_task(health.run())
        try:
            ended = await self._until_end(instance)
        finally:
            probing.cancel()
            for prober in self._probers:
                prober.close()
            self._drop_timers()
        self.instance = None
        self._memory.mark = None
        self._gone.set()
        self._settle(ended, instance.mark.instance)

    async def _until_end(self, instance: Instance) -> _Ended:
        while True:
            await self._wake.wait()
            self._wake.clear()
            driver, service = self._around.driver, self.service
            if instance.exited.done():
                return _Ended(instance.exited.result(), "exit")
            if not self._memory.is_wanted or self._is_ending:
                self._enter("stopping")
                grace = service.stop_grace_seconds if self._grace is None else self._grace
                return _Ended(await driver.stop(instance, grace), None)
            if self._restart_order is not None:
                (cause, detail), self._restart_order = self._restart_order, None
                self._enter("stopping", detail)
                exit = await driver.stop(instance, service.stop_grace_seconds, for_restart=True)
                return _Ended(exit, cause if cause == "resource" else None, detail)
            if self._hang is not None:
                return await self._end_hung(instance, self._hang)

    async def _end_hung(self, instance: Instance, hang: Hang) -> _Ended:
        """A stopped process cannot act on TERM, so it is killed at once; another gets a short grace."""
        since = asyncio.get_running_loop().time() - hang.first_sign
        events.warning(
            "service hangs", service=self.service.name, detail=hang.detail, seconds=round(since, 3)
        )
        if hang.is_stopped:
            self._around.driver.kill(instance)
        exit = await self._around.driver.stop(instance, self.service.hang_grace_seconds)
        return _Ended(exit, "hang", hang.detail, since)

    def _settle(self, ended: _Ended, instance: str) -> None:
        """Decides what follows the end of an instance, and writes it down."""
        self._slot.free()
        self._set_ready(False)
        self._last_exit = str(ended.exit)
        was_good_for = self._good_for()
        self._memory.ready_since = None
        if ended.cause is None:
            self._is_counted = self._is_recovering = False
            if not self._memory.is_wanted or self._is_ending:
                self._account.given_up()
                self._memory.history = History()
        else:
            self._fail(ended, ended.cause, instance, was_good_for)
        self._save()

    def _fail(self, ended: _Ended, cause: Cause, instance: str, was_good_for: float) -> None:
        memory, at = self._memory, boot_seconds()
        memory.history, decision = after_exit(
            self.service.restart, memory.history, at=at, good_for=was_good_for, chance=self._around.chance()
        )
        self._is_recovering = True
        self._dependants_due = self.service.restart_dependants
        self._not_before = at + decision.delay_seconds
        self._next_start_at = now() + timedelta(seconds=decision.delay_seconds)
        self.reason = ended.detail or f"{cause}: {ended.exit}"
        failure = Failure(cause, instance, self._last_exit, ended.detail, ended.seconds_since_first_sign)
        self._account.decided(failure, decision, lambda: last_lines(self._log))

    # What happens during a life

    def _hang_found(self, hang: Hang) -> None:
        self._hang = hang
        self._wake.set()

    def _ready_is(self, is_ready: bool) -> None:
        self._drop_timers()
        self._set_ready(is_ready)
        if not is_ready:
            self._memory.ready_since = None
            self._enter("unready")
            return
        self._slot.free()
        self._account.ready()
        if self._memory.ready_since is None:
            self._memory.ready_since = boot_seconds()
        self._enter("running")
        self._save()
        loop = asyncio.get_running_loop()
        good_left = max(0.0, self.service.restart.good_seconds - self._good_for())
        self._timers = [
            loop.call_later(self.service.stable_seconds, self._stable),
            loop.call_later(good_left, self._good),
        ]
        if self._dependants_due:
            self._dependants_due = False
            self._restart_dependants()

    def _stable(self) -> None:
        self._account.stable()
        self._is_recovering = False
        self._around.changed()

    def _good(self) -> None:
        self._memory.history = healed(self._memory.history)
        self._account.loop_healed()
        self.reason = ""
        self._save()

    def _good_for(self) -> float:
        since = self._memory.ready_since
        return 0.0 if since is None else boot_seconds() - since

    def _ladder_restart(self, detail: str, with_dependants: bool) -> None:
        self.restart("resource", detail)
        if with_dependants:
            self.restart_with_dependants("resource")

    def _restart_dependants(self) -> None:
        for peer in self._dependants():
            if peer.instance is not None:
                peer.restart("dependency", f"{self.service.name} was restarted")

    def _dependants(self) -> list[Supervisor]:
        names = dependants_of(self.service.name, self._around.dependencies)
        return [self._around.peers[name] for name in names if name in self._around.peers]

    # Bookkeeping

    def _enter(self, state: State, reason: str | None = None) -> None:
        self.reason = self.reason if reason is None else reason
        if state != self.state:
            self.state, self._since = state, now()
            events.info("service state", service=self.service.name, state=state)
            self._around.changed()

    def _set_ready(self, is_ready: bool) -> None:
        self.is_ready = is_ready
        if is_ready:
            for peer in self._around.peers.values():
                if self.service.name in peer.service.depends_on:
                    peer._wake.set()

    def _drop_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers = []

    @property
    def open_incident(self) -> str:
        """Id of the crash loop that is going on, or empty."""
        incident = self._memory.incident
        return incident.id if incident is not None and incident.closed_at is None else ""

    def _save(self) -> None:
        self._around.remember(self.service.name, self._memory)

    def report(self) -> ServiceState:
        """The service as it is now, in wire shape."""
        instance, memory = self.instance, self._memory
        return ServiceState(
            name=self.service.name,
            state=self.state,
            instance=instance.mark.instance if instance else "",
            pid=instance.mark.pid if instance else 0,
            since=self._since,
            ready_at=now() - timedelta(seconds=self._good_for()) if memory.ready_since else None,
            is_ready=self.is_ready,
            is_wanted=memory.is_wanted,
            starts_in_window=starts_in_window(self.service.restart, memory.history, boot_seconds()),
            next_start_at=self._next_start_at if instance is None else None,
            last_exit=self._last_exit,
            reason=self.reason,
            rung=self.ladder.rung,
        )
