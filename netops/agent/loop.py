"""The agent as a whole: reads the node file, adopts or starts the services, and keeps the parts running together."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import sqlite3
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from netops.agent import events
from netops.agent.collect import Collector, Values
from netops.agent.command_keys import CommandKeys
from netops.agent.disk import DiskThread
from netops.agent.drivers.choose import Drivers
from netops.agent.drivers.process import ProcessDriver
from netops.agent.host_clock import host_boot
from netops.agent.journal import Journal, ServiceMemory
from netops.agent.load_control import LoadControl
from netops.agent.local_page import LocalPage
from netops.agent.rules import condition_of, start_order
from netops.agent.settings import NodeFile, NodeFileError, read_node_file
from netops.agent.site_metrics import SiteMetrics
from netops.agent.standby import StandbyDesk
from netops.agent.starvation import LoopLag
from netops.agent.supervise import Supervisor
from netops.agent.surroundings import Surroundings
from netops.agent.telemetry import Telemetry
from shared.clock import now
from shared.nodes.report import Condition, Incident, Mode, RecoveryRecord, StateReport

WATCHED_SAMPLE_SECONDS = 1.0
_MEMBERS_EVERY = 6


class AlreadyRunning(Exception):
    """Another agent holds this state folder."""


class Agent:
    """One per node. `run` returns when the agent was told to end and has ended (or left) its services."""

    def __init__(self, node_file: NodeFile, path: Path | None = None) -> None:
        self.node_file, self._path = node_file, path
        self.folder = node_file.state_path
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = _hold(self.folder)
        self.host_boot = host_boot()
        self.started_at = now()
        self.mode: Mode = "normal"
        self.lag = LoopLag()
        self.disk = DiskThread()
        self.load = LoadControl(node_file, self.disk)
        self.journal = _open_journal(self.folder)
        self.driver = Drivers(ProcessDriver(os.fspath(self.folder.resolve())))
        self.supervisors: dict[str, Supervisor] = {}
        self.values: Values = {}
        self.service_values: dict[str, Values] = {}
        self.is_watched_until = 0.0
        self.maintenance_until: float | None = None
        """Monotonic second at which the window ends that the center told of; it ends by itself with the center away."""
        self._collector = Collector(self.folder)
        self._members: dict[str, list[int]] = {}
        self._ending = asyncio.Event()
        self._services_on_end = node_file.on_exit
        self._tasks: list[asyncio.Task[Any]] = []
        self._service_tasks: dict[str, asyncio.Task[None]] = {}
        self.changed = asyncio.Event()
        self.command_keys: CommandKeys | None = None
        self.telemetry = Telemetry(self)
        self.site_metrics = SiteMetrics()
        self.standby = StandbyDesk(self, node_file.standby) if node_file.standby else None

    # Life

    async def run(self) -> None:
        """1. Adopt what runs, start what should. 2. Watch until told to end. 3. End or leave the services."""
        self._listen_to_signals()
        page = LocalPage(self.folder, self.answer)
        await page.open()
        events.info("agent started", node=self.node_file.node, services=len(self.node_file.services))
        self._raise_services()
        self._tasks += [
            asyncio.create_task(self.lag.run(), name="lag"),
            asyncio.create_task(self._sample(), name="sample"),
            asyncio.create_task(
                self.site_metrics.run(self._metric_addresses, self.lag.metronome), name="site metrics"
            ),
        ]
        if self.standby is not None:
            self._tasks.append(asyncio.create_task(self.standby.run(), name="standby"))
        self.telemetry.start()
        try:
            await self._ending.wait()
        finally:
            await self._end(page)

    def end(self, services: str | None = None) -> None:
        """Tells the agent to end; `services` "stop" or "leave" overrides the node file."""
        if services in ("stop", "leave"):
            self._services_on_end = services  # type: ignore[assignment]
        self._ending.set()

    async def _end(self, page: LocalPage) -> None:
        events.info("agent ending", services=self._services_on_end)
        if self._services_on_end == "stop":
            await asyncio.gather(*(supervisor.end() for supervisor in self.supervisors.values()))
        await self.telemetry.close()
        tasks = [*self._tasks, *self._service_tasks.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await page.close()
        await self.driver.close()
        self.disk.close()
        if self.journal is not None:
            self.journal.close()
        os.close(self._lock)
        events.info("agent ended")

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.end)
        loop.add_signal_handler(signal.SIGHUP, self._reload_soon)

    def _raise_services(self) -> None:
        """Adopts by journal, then by mark in the environment (started in the instant before a crash), then starts."""
        memories = self._memories()
        known = [memory.mark.pid for memory in memories.values() if memory.mark is not None]
        services = {service.name: service for service in self.node_file.services}
        strays = {
            mark.service: mark
            for mark in self.driver.strays(known)
            if mark.service in services and self.driver.runs_command(mark, services[mark.service])
        }
        self._around = Surroundings(
            driver=self.driver,
            lag=self.lag,
            restart_slots=asyncio.Semaphore(self.node_file.restarts_at_once),
            dependencies=self.node_file.dependencies,
            emit=self.emit,
            remember=self.remember,
            changed=self.changed.set,
            load=self.load,
        )
        for name in start_order(self.node_file.dependencies):
            memory = memories.get(name)
            if name in strays and (memory is None or memory.mark is None):
                memory = memory or ServiceMemory(host_boot=self.host_boot)
                memory.mark = strays[name]
            self._prepare(name, memory)
        for supervisor in self.supervisors.values():
            self._supervise(supervisor)

    def _prepare(self, name: str, memory: ServiceMemory | None) -> Supervisor:
        service = next(service for service in self.node_file.services if service.name == name)
        memory = memory or ServiceMemory(host_boot=self.host_boot, is_wanted=service.autostart)
        memory.under(service.autostart)
        supervisor = Supervisor(service, self.node_file.log_path(service), self._around, memory)
        self.supervisors[name] = self._around.peers[name] = supervisor
        return supervisor

    def _supervise(self, supervisor: Supervisor) -> None:
        supervisor.adopt()
        name = supervisor.service.name
        self._service_tasks[name] = asyncio.create_task(supervisor.run(), name=name)

    def _reload_soon(self) -> None:
        self._tasks.append(asyncio.create_task(self._reload_logged(), name="reload"))

    async def _reload_logged(self) -> None:
        try:
            events.info("node file read again", changes=await self.reload())
        except NodeFileError as error:
            events.warning("node file refused", error=str(error))

    async def reload(self) -> list[str]:
        """Reads the node file again: new services start, changed ones are restarted, missing ones end. A changed one
        is wanted as before, also against `autostart`, and its crash loop is over only when it is good. What was changed, in
        words. Raises NodeFileError and then changes nothing. Node, folder and center need a new agent."""
        if self._path is None:
            raise NodeFileError("this agent was not started from a file")
        fresh = read_node_file(self._path)
        before = {service.name: service for service in self.node_file.services}
        after = {service.name: service for service in fresh.services}
        changes = []
        memories = {}
        for name in [name for name in before if after.get(name) != before[name]]:
            await self.supervisors[name].end_alone()
            self._service_tasks.pop(name).cancel()
            memories[name] = self.supervisors.pop(name).memory
            del self._around.peers[name]
            changes.append(f"{name} {'changed' if name in after else 'removed'}")
        self.node_file = msgspec.structs.replace(
            self.node_file, services=fresh.services, commands=fresh.commands
        )
        self._around.dependencies = fresh.dependencies
        for name in [name for name in start_order(fresh.dependencies) if name not in self.supervisors]:
            self._supervise(self._prepare(name, memories.get(name)))
            if name not in before:
                changes.append(f"{name} added")
        self.telemetry.follow_logs()
        self.changed.set()
        return changes

    # What is remembered and told

    def _memories(self) -> dict[str, ServiceMemory]:
        try:
            found = self.journal.memories() if self.journal is not None else {}
        except (sqlite3.Error, msgspec.DecodeError):
            events.error("journal cannot be read")
            found = {}
        return {name: memory.for_host(self.host_boot) for name, memory in found.items()}

    def remember(self, service: str, memory: ServiceMemory) -> None:
        if self.journal is not None:
            content, journal = msgspec.json.encode(memory), self.journal
            self.disk.tell(lambda: journal.remember(service, content))

    def emit(self, record: RecoveryRecord | Incident) -> None:
        """Keeps a record in the journal and hands it to telemetry; a copy, because it will be changed and emitted again."""
        kept = msgspec.structs.replace(record)
        journal = self.journal
        if journal is not None and isinstance(kept, RecoveryRecord):
            self.disk.tell(lambda: journal.keep_recovery(kept))
        elif journal is not None and isinstance(kept, Incident):
            self.disk.tell(lambda: journal.keep_incident(kept))
        self.telemetry.put(kept)
        self.changed.set()

    # Measuring

    async def _sample(self) -> None:
        count = 0
        while True:
            is_watched = time.monotonic() < self.is_watched_until
            interval = WATCHED_SAMPLE_SECONDS if is_watched else self.node_file.sample_seconds
            await self.lag.metronome.tick(interval)
            if count % _MEMBERS_EVERY == 0:
                self._members = {}
            count += 1
            self.take_sample()

    def take_sample(self) -> None:
        """Measures once, feeds the ladders and the telemetry."""
        pids: dict[str, list[int]] = {}
        for name, supervisor in self.supervisors.items():
            instance = supervisor.instance
            members = self._members.get(name, [])
            if instance is not None and members[:1] != [instance.mark.pid]:
                members = self._members[name] = self.driver.members(instance)
            pids[name] = members if instance is not None else []
        lag = self.lag.worst(time.monotonic() - self.node_file.sample_seconds)
        self.values, self.service_values = self._collector.sample(pids, lag)
        of_host = {"host_cpu_pressure_ratio": self.values.get("cpu_pressure_ratio")}
        for name, supervisor in self.supervisors.items():
            if supervisor.instance is not None:
                supervisor.ladder.measured({**self.service_values[name], **of_host})
        self.telemetry.put_sample(self.all_values())

    def _metric_addresses(self) -> dict[str, str]:
        return {service.name: service.metrics for service in self.node_file.services if service.metrics}

    def all_values(self) -> Values:
        """The latest sample under the names used on the wire."""
        values = dict(self.values)
        for service, measured in self.service_values.items():
            values.update({f"service.{service}.{name}": value for name, value in measured.items()})
            values[f"service.{service}.is_ready"] = float(self.supervisors[service].is_ready)
            said = self.site_metrics.latest(service)
            values.update({f"service.{service}.{name}": value for name, value in said.items()})
        return values

    def present_mode(self) -> Mode:
        """Maintenance while a window of the center is on, unless something stronger holds."""
        is_maintained = self.maintenance_until is not None and time.monotonic() < self.maintenance_until
        return "maintenance" if is_maintained and self.mode == "normal" else self.mode

    def state_report(self) -> StateReport:
        """The whole present state, in wire shape."""
        services = [supervisor.report() for supervisor in self.supervisors.values()]
        wanted = [service for service in services if service.is_wanted]
        condition: Condition = condition_of(
            services_failed=sum(service.state in ("crash_loop", "given_up") for service in wanted),
            services_unready=sum(not service.is_ready for service in wanted),
            cpu_pressure=self.values.get("cpu_pressure_ratio") or 0.0,
            is_breached=any(supervisor.ladder.is_breached for supervisor in self.supervisors.values()),
        )
        incidents = [supervisor.open_incident for supervisor in self.supervisors.values()]
        return StateReport(
            at=now(),
            mode=self.present_mode(),
            condition=condition,
            services=services,
            open_incidents=[incident for incident in incidents if incident],
            loop_lag_seconds=self.lag.worst(time.monotonic() - 10),
            primary_silent_seconds=self.standby.primary_silent_seconds if self.standby else None,
            is_promoted=self.standby.has_place if self.standby else False,
            promoted_at=self.standby.promoted_at if self.standby else None,
            **self.telemetry.backlog(),
        )

    # Local questions

    async def answer(self, question: dict[str, Any]) -> Any:
        """Answers the local page. Raises ValueError with a sentence."""
        ask = question.get("ask")
        if ask == "status":
            return {"node": self.node_file.node, "pid": os.getpid(), "started_at": self.started_at} | {
                "state": self.state_report(),
                "center": self.telemetry.contact(),
            }
        if ask == "values":
            self.take_sample()
            return self.all_values()
        if ask in ("recoveries", "incidents") and self.journal is not None:
            return await self.disk.ask(getattr(self.journal, ask))
        if ask == "reload":
            try:
                return await self.reload()
            except NodeFileError as error:
                raise ValueError(str(error)) from error
        if ask == "end":
            self.end(question.get("services"))
            return "ending"
        if ask in ("start", "stop", "restart"):
            done = self._order(ask, str(question.get("service", "")), bool(question.get("with_dependants")))
            await self._written()
            return done
        raise ValueError(f"the agent does not know the question {ask!r}")

    async def _written(self) -> None:
        """Returns when what was told to the disk so far is on disk, or after two seconds: the disk may stand still."""
        with suppress(TimeoutError):
            async with asyncio.timeout(2.0):
                await self.disk.ask(lambda: None)

    def _order(self, order: str, name: str, with_dependants: bool) -> str:
        supervisor = self.supervisors.get(name)
        if supervisor is None:
            raise ValueError(f"there is no service {name!r} here; there are: {', '.join(self.supervisors)}")
        events.info("local order", order=order, service=name)
        if order == "start":
            supervisor.start()
        elif order == "stop":
            supervisor.stop()
        elif with_dependants:
            supervisor.restart_with_dependants()
        else:
            supervisor.restart()
        return f"{order} {name}"


def _hold(folder: Path) -> int:
    """Takes the folder's lock for the life of this process. Raises AlreadyRunning."""
    descriptor = os.open(folder / "agent.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise AlreadyRunning(f"an agent is already at work in {folder}") from None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, b"%d\n" % os.getpid())
    return descriptor


def _open_journal(folder: Path) -> Journal | None:
    """The journal; a damaged one is set aside, and with no room for one the agent works from memory."""
    path = folder / "journal.db"
    for _ in range(2):
        try:
            journal = Journal(path)
            journal.memories()
            return journal
        except sqlite3.DatabaseError as error:
            events.warning("journal unusable", error=str(error))
            if isinstance(error, sqlite3.OperationalError):
                return None
            with suppress(OSError):
                os.replace(path, path.with_suffix(".damaged"))
    return None
