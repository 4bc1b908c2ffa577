"""Climbs and descends the ladder for one service: less load first, a restart late, a person last."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from netops.agent import events
from netops.agent.host_clock import boot_seconds
from netops.agent.load_control import LoadControl
from netops.agent.recovery import Emit
from netops.agent.rules import Breach, Rung, Watch, next_rung, watch_step
from netops.agent.run_command import run_command
from netops.agent.settings import Service
from shared.clock import now
from shared.ids import new_id
from shared.load_state import Rung as LoadRung
from shared.nodes.report import Incident

_COMMAND_SECONDS = 30.0


class Ladder:
    """Fed with measurements by the sampler. `restart(detail, with_dependants)` is called at most once per step."""

    def __init__(
        self,
        service: Service,
        restart: Callable[[str, bool], None],
        emit: Emit,
        load: LoadControl | None = None,
    ) -> None:
        self._service, self._restart, self._emit = service, restart, emit
        self._load = load if load is not None and load.has(service) else None
        self._breaches = [Breach() for _ in service.watches]
        self.rung: Rung = "none"
        self._stepped_at = 0.0
        self._incident: Incident | None = None
        self._commands: set[asyncio.Task[None]] = set()

    @property
    def is_breached(self) -> bool:
        return any(breach.is_broken for breach in self._breaches)

    @property
    def available(self) -> frozenset[Rung]:
        """Rungs this service has."""
        rungs: set[Rung] = {"restart"}
        if self._load is not None:
            rungs |= {"throttle", "drain"}
        if self._service.throttle:
            rungs.add("throttle")
        if self._service.drain:
            rungs.add("drain")
        if self._service.restart_dependants:
            rungs.add("restart_with_dependants")
        return frozenset(rungs)

    def measured(self, values: Mapping[str, float | None]) -> None:
        """Takes one sample of the service. Climbs when a limit is newly broken or has stayed broken for another hold time;
        comes down to the ground when none is."""
        at = boot_seconds()
        was_breached = self.is_breached or self.rung != "none" or self._incident is not None
        for number, watch in enumerate(self._service.watches):
            self._breaches[number] = watch_step(watch, self._breaches[number], values.get(watch.metric), at)
        worst = self._worst()
        if worst is None:
            if was_breached and all(breach.since is None for breach in self._breaches):
                self._release()
        elif not was_breached or at - self._stepped_at >= worst.for_seconds:
            self._climb(worst, values.get(worst.metric), at)
        self._tell_load()

    def restarted(self) -> None:
        """A new instance begins with a clean sheet."""
        self._breaches = [Breach() for _ in self._service.watches]
        self.rung = "none"
        self._tell_load()

    def _tell_load(self) -> None:
        """The site itself, where it listens: throttle stays on under drain, and is over with both."""
        if self._load is not None:
            rung: LoadRung = (
                "drain" if self.rung == "drain" else "throttle" if self.rung == "throttle" else "none"
            )
            self._load.set_rung(self._service, rung)

    def _worst(self) -> Watch | None:
        broken = [
            watch
            for watch, breach in zip(self._service.watches, self._breaches, strict=True)
            if breach.is_broken
        ]
        return min(broken, key=lambda watch: watch.trouble, default=None)  # exhaustion before overload

    def _climb(self, watch: Watch, value: float | None, at: float) -> None:
        self._stepped_at = at
        detail = f"{watch.metric} {value:.6g} above {watch.above:.6g}" if value is not None else watch.metric
        rung = next_rung(watch.trouble, self.rung, self.available)
        if rung is None:
            if watch.trouble != "pressure":
                self._tell_person(detail)
            return
        self.rung = rung
        events.warning("ladder climbed", service=self._service.name, rung=rung, detail=detail)
        if rung == "throttle":
            self._run(self._service.throttle, {})
        elif rung == "drain":
            self._run(self._service.drain, {})
        else:
            self._restart(detail, rung == "restart_with_dependants")

    def _tell_person(self, detail: str) -> None:
        if self._incident is None:
            self._incident = Incident(
                id=str(new_id()), service=self._service.name, kind="resource", opened_at=now(), detail=detail
            )
            self._emit(self._incident)

    def _release(self) -> None:
        if self.rung in ("throttle", "drain"):
            for command in (self._service.drain, self._service.throttle):
                self._run(command, {"TRUNKLINE_RELEASE": "1"})
        events.info("ladder left", service=self._service.name, rung=self.rung)
        self.rung = "none"
        if self._incident is not None:
            self._incident.closed_at = now()
            self._emit(self._incident)
            self._incident = None

    def _run(self, command: list[str], env: dict[str, str]) -> None:
        if command:
            task = asyncio.create_task(self._run_logged(command, env))
            self._commands.add(task)
            task.add_done_callback(self._commands.discard)

    async def _run_logged(self, command: list[str], env: dict[str, str]) -> None:
        try:
            status, output = await run_command(
                command,
                timeout_seconds=_COMMAND_SECONDS,
                cwd=self._service.cwd or None,
                env={**self._service.env, **env},
                keep_output=True,
            )
        except OSError as error:
            status, output = 127, str(error)
        if status:
            events.warning(
                "ladder command failed", service=self._service.name, status=status, output=output[-500:]
            )
