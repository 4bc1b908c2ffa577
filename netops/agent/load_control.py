"""Tells the sites of this node how much work to take: one file per service, in `shared/load_state.py`'s words."""

from __future__ import annotations

from pathlib import Path

import msgspec

from netops.agent import events
from netops.agent.disk import DiskThread
from netops.agent.settings import NodeFile, Service
from shared.clock import now
from shared.load_state import HOLDS_FOR, LoadState, Rung, is_fenced, read_load, write_load

_RENEW_BEFORE = HOLDS_FOR / 2


class LoadControl:
    """One per agent. What was ordered before the agent's own crash is read from the files."""

    def __init__(self, node_file: NodeFile, disk: DiskThread) -> None:
        self._node_file, self._disk = node_file, disk
        self._states: dict[Path, LoadState] = {}

    def has(self, service: Service) -> bool:
        """Whether the service reads such a file."""
        return bool(service.load_file)

    def is_fenced(self, service: Service) -> bool:
        """Whether another node has taken its place, as the site itself wrote it down beside that file."""
        return self.has(service) and is_fenced(self._node_file.path_of(service.load_file))

    def set_rung(self, service: Service, rung: Rung) -> None:
        """What the ladder wants; call it with every sample: it is renewed before it runs out, and written only then."""
        state = self._state(service)
        due = state.until is None or state.until - now() < _RENEW_BEFORE
        if rung == state.rung and (rung == "none" or not due):
            return
        until = None if rung == "none" else now() + HOLDS_FOR
        self._write(service, msgspec.structs.replace(state, rung=rung, until=until))

    def set_drained(self, service: Service, is_drained: bool) -> None:
        self._write(service, msgspec.structs.replace(self._state(service), is_drained=is_drained))

    def set_queue(self, service: Service, queue: str, is_paused: bool) -> None:
        queues = [name for name in self._state(service).paused_queues if name != queue]
        paused = [*queues, queue] if is_paused else queues
        self._write(service, msgspec.structs.replace(self._state(service), paused_queues=paused))

    def _state(self, service: Service) -> LoadState:
        path = self._node_file.path_of(service.load_file)
        if path not in self._states:
            self._states[path] = read_load(path)
        return self._states[path]

    def _write(self, service: Service, state: LoadState) -> None:
        path = self._node_file.path_of(service.load_file)
        self._states[path] = state
        self._disk.tell(lambda: _write_or_say(path, state))


def _write_or_say(path: Path, state: LoadState) -> None:
    try:
        write_load(path, state)
    except OSError as error:
        events.warning("load cannot be told", path=str(path), error=str(error))
