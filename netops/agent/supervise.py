"""Keeps one service as it is wanted: one task per service that never waits for disk or network.

The task sleeps on one event. Whatever happens (the process ended, it hangs, somebody gives an order) is noted in a field
and the event is set; the task looks at the fields and moves the service from state to state.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

from netops.agent import events
from netops.agent.drivers import Exit, Instance
from netops.agent.host_clock import boot_seconds
from netops.agent.journal import ServiceMemory
from netops.agent.ladder import Ladder
from netops.agent.launch import NotStarted, launch
from netops.agent.life import Ended, Life
from netops.agent.probes import Prober
from netops.agent.recovery import Failure, RecoveryAccount
from netops.agent.rules import (
    History,
    after_exit,
    after_start,
    dependants_of,
    healed,
    resume_at,
)
from netops.agent.service_log import last_lines
from netops.agent.settings import Service
from netops.agent.standing import Standing
from netops.agent.surroundings import Slot, Surroundings
from netops.agent.wishes import Wishes
from shared.clock import now
from shared.nodes.report import Cause, ServiceState


class Supervisor:
    """One service. `start`, `stop`, `restart` are orders: they return at once and survive a restart of the agent."""

    def __init__(self, service: Service, log: Path, around: Surroundings, memory: ServiceMemory) -> None:
        self.service, self._log, self._around, self._memory = service, log, around, memory
        self._account = RecoveryAccount(service.name, around.emit, memory)
        self._probers = [Prober(probe, service.cwd) for probe in service.probes]
        self.ladder = Ladder(service, self._ladder_restart, around.emit, around.load)
        self._standing = Standing(service, around, memory)
        self._wishes = Wishes(memory)
        self.instance: Instance | None = None
        self._not_before = 0.0
        self._slot = Slot(around.restart_slots)
        self._is_recovering = False
        self._is_counted = True
        self._gone = asyncio.Event()
        self._gone.set()
        self._dependants_due = False
        self._timers: list[asyncio.TimerHandle] = []

    # Orders

    def start(self) -> None:
        """Wants the service, at once even from a back-off or a crash loop."""
        self._wishes.want(True)
        if self.instance is None:
            self._not_before = 0.0
            self._is_counted = False
        self._save()
        self._wishes.wake()

    def stop(self, grace_seconds: float | None = None) -> None:
        """Wants the service gone, until `start`."""
        self._wishes.want(False, grace_seconds)
        self._save()
        self._wishes.wake()

    def restart(self, cause: Cause = "command", detail: str = "") -> None:
        """Ends the running instance and starts a new one; only starts when nothing runs."""
        if self.instance is None:
            self.start()
        else:
            self._wishes.restart = (cause, detail)
            self._wishes.wake()

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
        self._wishes.is_ending = True
        self._wishes.wake()
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
                self._settle(Ended(Exit(), "lost"), mark.instance)
            return False
        events.info("service adopted", service=self.service.name, pid=mark.pid, instance=mark.instance)
        self._gone.clear()
        self._standing.enter("starting", "adopted")
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
            self._wishes.woken.clear()
            wait: float | None = None
            if not self._wishes.is_wanted:
                self._standing.enter("stopped")
            elif (left := self._not_before - boot_seconds()) > 0:
                self._standing.enter(
                    "crash_loop" if self._memory.history.looping_since is not None else "backoff"
                )
                wait = left
            elif blocker := self._blocker():
                self._standing.enter("waiting", f"needs {blocker}")
                wait = 0.25
            else:
                return
            try:
                async with asyncio.timeout(wait):
                    await self._wishes.woken.wait()
            except TimeoutError:
                pass

    def _blocker(self) -> str:
        peers = self._around.peers
        needed = (name for name in self.service.depends_on if name in peers)
        return next((name for name in needed if not peers[name]._is_available), "")

    @property
    def _is_available(self) -> bool:
        """Ready, and not told to go: who needs this service need not wait for a new instance of it."""
        return self.is_ready and not self._wishes.is_to_go and self._standing.state != "stopping"

    async def _launch(self) -> None:
        """Starts an instance and notes it. A command that cannot be started is a failure like any other."""
        if self._is_recovering:
            await self._slot.take()
            if not self._wishes.is_wanted:
                self._slot.free()
                return
        memory = self._memory
        memory.started, memory.ready_since = boot_seconds(), None
        if self._is_counted:
            memory.history = after_start(self.service.restart, memory.history, memory.started)
        self._is_counted = True
        self._standing.next_start_at = None
        try:
            self.instance = await launch(self.service, self._log, self._around.driver)
        except NotStarted as error:
            self._settle(Ended(Exit(note="not started"), "exit", str(error)), "")
            return
        self._gone.clear()
        memory.mark = self.instance.mark
        self.ladder.restarted()
        self._save()
        self._account.acted(self.instance.mark.instance)
        self._standing.enter("starting")

    async def _live(self) -> None:
        """From the start of an instance, or its adoption, to its end."""
        instance = self.instance
        assert instance is not None
        life = Life(self.service, instance, self._around, self._wishes, self._standing)
        try:
            ended = await life.lived(self._probers, self._ready_is)
        finally:
            self._drop_timers()
        self.instance = None
        self._memory.mark = None
        self._gone.set()
        self._settle(ended, instance.mark.instance)

    def _settle(self, ended: Ended, instance: str) -> None:
        """Decides what follows the end of an instance, and writes it down."""
        self._slot.free()
        self._set_ready(False)
        self._standing.last_exit = str(ended.exit)
        was_good_for = self._standing.good_for
        self._memory.ready_since = None
        if ended.cause is None:
            self._is_counted = self._is_recovering = False
            if not self._wishes.is_wanted:
                self._account.given_up()
                self._memory.history = History()
        else:
            self._fail(ended, ended.cause, instance, was_good_for)
        self._save()

    def _fail(self, ended: Ended, cause: Cause, instance: str, was_good_for: float) -> None:
        memory, at = self._memory, boot_seconds()
        memory.history, decision = after_exit(
            self.service.restart, memory.history, at=at, good_for=was_good_for, chance=self._around.chance()
        )
        self._is_recovering = True
        self._dependants_due = self.service.restart_dependants
        self._not_before = at + decision.delay_seconds
        self._standing.next_start_at = now() + timedelta(seconds=decision.delay_seconds)
        self._standing.reason = ended.detail or f"{cause}: {ended.exit}"
        failure = Failure(
            cause, instance, self._standing.last_exit, ended.detail, ended.seconds_since_first_sign
        )
        self._account.decided(failure, decision, lambda: last_lines(self._log))

    # What happens during a life

    def _ready_is(self, is_ready: bool) -> None:
        self._drop_timers()
        self._set_ready(is_ready)
        if not is_ready:
            self._memory.ready_since = None
            self._standing.enter("unready")
            return
        self._slot.free()
        self._account.ready()
        if self._memory.ready_since is None:
            self._memory.ready_since = boot_seconds()
        self._standing.enter("running")
        self._save()
        loop = asyncio.get_running_loop()
        good_left = max(0.0, self.service.restart.good_seconds - self._standing.good_for)
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
        self._standing.reason = ""
        self._save()

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

    def _set_ready(self, is_ready: bool) -> None:
        self._standing.is_ready = is_ready
        if is_ready:
            for peer in self._around.peers.values():
                if self.service.name in peer.service.depends_on:
                    peer._wishes.wake()

    def _drop_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers = []

    @property
    def memory(self) -> ServiceMemory:
        """What is remembered of the service: for whoever looks after it next, once this one has ended it."""
        return self._memory

    @property
    def open_incident(self) -> str:
        """Id of the crash loop that is going on, or empty."""
        incident = self._memory.incident
        return incident.id if incident is not None and incident.closed_at is None else ""

    def _save(self) -> None:
        self._around.remember(self.service.name, self._memory)

    @property
    def is_ready(self) -> bool:
        return self._standing.is_ready

    def report(self) -> ServiceState:
        """The service as it is now, in wire shape."""
        return self._standing.report(self.instance, self.ladder)
