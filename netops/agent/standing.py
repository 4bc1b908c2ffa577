"""How one service stands: its state, since when and why, and the report of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from netops.agent import events
from netops.agent.drivers import Instance
from netops.agent.host_clock import boot_seconds
from netops.agent.journal import ServiceMemory
from netops.agent.ladder import Ladder
from netops.agent.rules import starts_in_window
from netops.agent.settings import Service
from netops.agent.surroundings import Surroundings
from shared.clock import now
from shared.nodes.report import ServiceState, State


class Standing:
    """Of one service; written by its supervisor and by the life of its instance."""

    def __init__(self, service: Service, around: Surroundings, memory: ServiceMemory) -> None:
        self._service, self._around, self._memory = service, around, memory
        self.state: State = "stopped"
        self.reason = ""
        self.is_ready = False
        self.last_exit = ""
        self.next_start_at: datetime | None = None
        self._since = now()

    def enter(self, state: State, reason: str | None = None) -> None:
        """Into a state, at once told to the center; without a reason the one before stays."""
        self.reason = self.reason if reason is None else reason
        if state != self.state:
            self.state, self._since = state, now()
            events.info("service state", service=self._service.name, state=state)
            self._around.changed()

    @property
    def good_for(self) -> float:
        """Seconds since it was ready; 0 while it is not."""
        since = self._memory.ready_since
        return 0.0 if since is None else boot_seconds() - since

    def report(self, instance: Instance | None, ladder: Ladder) -> ServiceState:
        """The service as it is now, in wire shape."""
        memory = self._memory
        return ServiceState(
            name=self._service.name,
            state=self.state,
            instance=instance.mark.instance if instance else "",
            pid=instance.mark.pid if instance else 0,
            since=self._since,
            ready_at=now() - timedelta(seconds=self.good_for) if memory.ready_since else None,
            is_ready=self.is_ready,
            is_wanted=memory.is_wanted,
            starts_in_window=starts_in_window(self._service.restart, memory.history, boot_seconds()),
            next_start_at=self.next_start_at if instance is None else None,
            last_exit=self.last_exit,
            reason=self.reason,
            rung=ladder.rung,
            is_fenced=self._around.load is not None and self._around.load.is_fenced(self._service),
        )
