"""How much work a site is to take now: written by the agent beside the site's data, read by the site, one small file.

`throttle`: heavy requests are refused with 503 and Retry-After, job queues other than "default" pause. `drain`: all job
queues pause and /readyz says so, so that a proxy sends nothing new. What the agent's ladder orders holds for two minutes and
is renewed while it holds, so that a dead agent does not keep a site throttled; what a person ordered holds until taken back.
"""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import msgspec

from shared.clock import now

FILE_NAME = "load.json"
FENCE_NAME = "fenced"
"""A file beside it: another node has taken this one's place. Nothing is written and no job runs while it is there."""
HOLDS_FOR = timedelta(minutes=2)
RETRY_SECONDS = 30
_LOOK_EVERY_SECONDS = 0.5

Rung = Literal["none", "throttle", "drain"]


class LoadState(msgspec.Struct, kw_only=True, frozen=True):
    """What was ordered. `rung` counts until `until`; `is_drained` and `paused_queues` are orders of a person."""

    rung: Rung = "none"
    until: datetime | None = None
    is_drained: bool = False
    paused_queues: list[str] = []

    def at(self, when: datetime) -> Rung:
        """What holds at a time."""
        if self.is_drained:
            return "drain"
        return self.rung if self.until is not None and when < self.until else "none"

    def pauses(self, queue: str, when: datetime) -> bool:
        """Whether jobs of a queue wait."""
        rung = self.at(when)
        return queue in self.paused_queues or rung == "drain" or (rung == "throttle" and queue != "default")


def write_load(path: Path, state: LoadState) -> None:
    """Replaces the file whole. Raises OSError."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(msgspec.json.encode(state))
    os.replace(draft, path)


def set_fence(folder: Path, is_fenced: bool) -> None:
    """Puts the fence into a site's data folder, or takes it away. May be repeated. Raises OSError."""
    if is_fenced:
        (folder / FENCE_NAME).touch()
    else:
        (folder / FENCE_NAME).unlink(missing_ok=True)


def is_fenced(load_file: Path) -> bool:
    """Whether the fence stands beside this file."""
    return load_file.with_name(FENCE_NAME).exists()


def read_load(path: Path) -> LoadState:
    """What the file says; nothing ordered when there is none or it cannot be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=LoadState)
    except (OSError, msgspec.DecodeError):
        return LoadState()


class LoadFile:
    """The reading end: looks at the file at most twice a second."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._state = LoadState()
        self._looked_at = 0.0

    @property
    def state(self) -> LoadState:
        if (at := time.monotonic()) - self._looked_at >= _LOOK_EVERY_SECONDS:
            self._looked_at, self._state = at, read_load(self._path)
        return self._state

    @property
    def rung(self) -> Rung:
        return self.state.at(now())

    @property
    def is_fenced(self) -> bool:
        return is_fenced(self._path)

    def pauses(self, queue: str) -> bool:
        return self.is_fenced or self.state.pauses(queue, now())
