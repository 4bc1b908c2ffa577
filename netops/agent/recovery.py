"""Keeps the account of failures: one record per recovery with its times, one incident per crash loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from netops.agent import events
from netops.agent.host_clock import boot_seconds
from netops.agent.journal import ServiceMemory
from netops.agent.rules import CrashLoop, Restart
from shared.clock import now
from shared.ids import new_id
from shared.nodes.report import Action, Cause, Incident, Outcome, RecoveryRecord

Emit = Callable[[RecoveryRecord | Incident], None]

REOPEN_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Failure:
    """An end that nobody asked for."""

    cause: Cause
    instance: str
    exit: str
    detail: str = ""
    seconds_since_first_sign: float = 0.0


class RecoveryAccount:
    """The account of one service. Every change is emitted whole, under the same id: repeating is harmless.

    What is open is kept in the service's memory, so that it goes on after a restart of the agent.
    """

    def __init__(self, service: str, emit: Emit, memory: ServiceMemory) -> None:
        self._service, self._emit, self._memory = service, emit, memory

    def decided(
        self, failure: Failure, decision: Restart | CrashLoop, last_lines: Callable[[], list[str]]
    ) -> None:
        """A failure happened and this is what will be done. In a crash loop that is already on, only the try is counted."""
        is_loop = isinstance(decision, CrashLoop)
        events.warning(
            "service failed",
            service=self._service,
            cause=failure.cause,
            exit=failure.exit,
            detail=failure.detail,
            instance=failure.instance,
            crash_loop=is_loop,
            next_start_seconds=round(decision.delay_seconds, 3),
        )
        if isinstance(decision, CrashLoop) and not decision.is_new:
            self._loop_tried(failure.exit)
            return
        self._open_record(failure, "crash_loop" if is_loop else "restart")
        if is_loop:
            self._open_loop(failure, last_lines())

    def _open_record(self, failure: Failure, action: Action) -> None:
        """An unfinished record before it ends as failed_again."""
        self._finish("failed_again")
        self._memory.decided = boot_seconds()
        self._memory.first_sign = self._memory.decided - failure.seconds_since_first_sign
        self._memory.recovery = RecoveryRecord(
            id=str(new_id()),
            service=self._service,
            cause=failure.cause,
            action=action,
            outcome="in_progress",
            instance_before=failure.instance,
            exit=failure.exit,
            detail=failure.detail,
            detected_at=now(),
            detect_seconds=round(failure.seconds_since_first_sign, 4),
        )
        self._emit(self._memory.recovery)

    def acted(self, instance: str) -> None:
        """The new instance was started."""
        record = self._memory.recovery
        if record is not None and record.acted_at is None:
            record.instance_after, record.acted_at = instance, now()
            record.act_seconds = round(boot_seconds() - self._memory.decided, 4)
            self._emit(record)

    def ready(self) -> None:
        record = self._memory.recovery
        if record is not None and record.ready_at is None and record.acted_at is not None:
            record.ready_at = now()
            record.ready_seconds = round(boot_seconds() - self._memory.first_sign, 4)
            self._emit(record)

    def stable(self) -> None:
        """Good for `stable_seconds`: recovered."""
        if self._memory.recovery is not None and self._memory.recovery.ready_at is not None:
            self._memory.recovery.stable_at = now()
            self._finish("recovered")

    def given_up(self) -> None:
        """A person stopped the service before it had recovered."""
        self._finish("given_up")

    def _open_loop(self, failure: Failure, last_lines: list[str]) -> None:
        """The budget is used up. A relapse within ten minutes of healing is the same incident, opened again."""
        self._finish("crash_loop")
        before = self._memory.incident
        if before is not None and (before.closed_at is None or _age(before.closed_at) < REOPEN_SECONDS):
            self._memory.incident = msgspec.structs.replace(
                before, closed_at=None, exit=failure.exit, last_lines=last_lines
            )
        else:
            self._memory.incident = Incident(
                id=str(new_id()),
                service=self._service,
                kind="crash_loop",
                opened_at=now(),
                exit=failure.exit,
                detail=failure.detail,
                last_lines=last_lines,
            )
        self._emit(self._memory.incident)

    def _loop_tried(self, exit: str) -> None:
        if self._memory.incident is not None:
            self._memory.incident.tries += 1
            self._memory.incident.exit = exit
            self._emit(self._memory.incident)

    def loop_healed(self) -> None:
        if self._memory.incident is not None and self._memory.incident.closed_at is None:
            self._memory.incident.closed_at = now()
            self._emit(self._memory.incident)

    def _finish(self, outcome: Outcome) -> None:
        if self._memory.recovery is not None:
            self._memory.recovery = msgspec.structs.replace(self._memory.recovery, outcome=outcome)
            self._emit(self._memory.recovery)
            self._memory.recovery = None


def _age(at: datetime) -> float:
    return abs((now() - at).total_seconds())
