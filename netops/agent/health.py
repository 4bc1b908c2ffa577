"""Watches one life of one service: is it ready, does it still answer, has it stopped answering for good."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from netops.agent.drivers import Instance
from netops.agent.probes import Answer, Prober
from netops.agent.rules import ProbeRecord, Signs, is_hung
from netops.agent.settings import Service
from netops.agent.starvation import LoopLag

_FIRST_ASK_SECONDS = 0.004
_SLOWEST_START_ASK_SECONDS = 0.25
_CONFIRM_SECONDS = 0.05
_WORKING_CPU_SECONDS = 0.02
_UNREADY_AFTER = 2


@dataclass(frozen=True, slots=True)
class Hang:
    """Verdict: the service must be ended. `first_sign` is when the first missed probe was asked (time.monotonic)."""

    detail: str
    first_sign: float
    is_stopped: bool


class Health:
    """Probes of one instance. `on_ready(bool)` is called at each change, `on_hang` at most once; then probing ends."""

    def __init__(
        self,
        service: Service,
        instance: Instance,
        probers: list[Prober],
        lag: LoopLag,
        on_ready: Callable[[bool], None],
        on_hang: Callable[[Hang], None],
    ) -> None:
        self._service, self._instance, self._probers, self._lag = service, instance, probers, lag
        self._on_ready, self._on_hang = on_ready, on_hang
        self._good = dict.fromkeys(range(len(probers)), False)
        self._bad_in_row = dict.fromkeys(range(len(probers)), 0)
        self._is_ready = False
        self._is_over = False

    async def run(self) -> None:
        """Until cancelled or a hang is found. Without probes a service is ready as soon as it runs."""
        if not self._probers:
            self._tell(True)
            return
        if await self._become_ready():
            async with asyncio.TaskGroup() as watching:
                for number in range(len(self._probers)):
                    watching.create_task(self._watch(number))

    async def _become_ready(self) -> bool:
        """Asks often at first and then less, so that a service that starts in 20 ms is known to be ready in 25."""
        began = time.monotonic()
        pause = _FIRST_ASK_SECONDS
        detail = ""
        while True:
            for number, prober in enumerate(self._probers):
                answer, why = await prober.ask(prober.probe.timeout_seconds * self._lag.stretch())
                self._good[number] = answer == "good"
                if answer != "good":
                    detail = why
                    break
            if all(self._good.values()):
                self._tell(True)
                return True
            if time.monotonic() - began > self._service.start_seconds * self._lag.stretch():
                waited = f"not ready {self._service.start_seconds:.0f} s after its start: {detail}"
                self._hang(Hang(waited, began, self._instance.state() == "T"))
                return False
            await asyncio.sleep(pause)
            pause = min(pause * 1.25, _SLOWEST_START_ASK_SECONDS)

    async def _watch(self, number: int) -> None:
        prober = self._probers[number]
        probe = prober.probe
        record = ProbeRecord()
        first_miss: float | None = None
        cpu_at_miss = 0.0
        while not self._is_over:
            missed = bool(record.answers) and not record.is_good
            if missed:
                await asyncio.sleep(_CONFIRM_SECONDS)
            else:
                await self._lag.metronome.tick(probe.interval_seconds)
            asked = time.monotonic()
            moment = None if missed else self._lag.metronome.moment
            answer, why = await prober.ask(probe.timeout_seconds * self._lag.stretch(), moment)
            self._judge_ready(number, answer)
            if answer != "bad":
                record, first_miss = record.after(True, probe.limits), None
                continue
            signs = self._signs(asked, cpu_at_miss if first_miss is not None else None)
            if signs.is_starved and not signs.is_stopped:
                continue
            if first_miss is None:
                first_miss, cpu_at_miss = asked, self._instance.cpu_seconds() or 0.0
            record = record.after(False, probe.limits)
            if probe.restarts and is_hung(probe.limits, record, signs):
                self._hang(Hang(why, first_miss, signs.is_stopped))

    def _signs(self, asked: float, cpu_before: float | None) -> Signs:
        cpu_now, state = self._instance.cpu_seconds(), self._instance.state()
        has_computed = (
            cpu_before is not None and cpu_now is not None and cpu_now - cpu_before >= _WORKING_CPU_SECONDS
        )
        return Signs(
            is_starved=self._lag.is_starved(asked),
            is_working=has_computed or state == "D",
            is_stopped=state == "T",
        )

    def _judge_ready(self, number: int, answer: Answer) -> None:
        """Unready after two answers in a row that are not good; ready again with the first that is."""
        self._bad_in_row[number] = 0 if answer == "good" else self._bad_in_row[number] + 1
        self._good[number] = self._bad_in_row[number] < _UNREADY_AFTER
        self._tell(all(self._good.values()))

    def _tell(self, is_ready: bool) -> None:
        if is_ready != self._is_ready:
            self._is_ready = is_ready
            self._on_ready(is_ready)

    def _hang(self, hang: Hang) -> None:
        if not self._is_over:
            self._is_over = True
            self._on_hang(hang)
