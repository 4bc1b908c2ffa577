"""Labelled points of sender, receiver and applier at which a process dies or a step fails, from outside the product's code.

    python -m tests.support.kill_points "applier: rows written" 2 hq web     kill -9 when the point is reached a second time
    with played(plan): plan.next = "applier: rows written"                    raise Crash there, once, in this process

A point is the moment before or after a function of the product; the functions are wrapped, the product knows nothing.
"""

import importlib
import inspect
import os
import runpy
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any
from unittest import mock

SENDER, RECEIVER, DESK = "branch_node.replication.sender", "hq.replication.receiver", "hq.replication.desk"
APPLIERS = ("hq.replication.apply_sqlite", "hq.replication.apply_postgres")
ROWS = ("hq.replication.rows_sqlite", "hq.replication.rows_postgres")
VISITS = "hq.replication.visits"

POINTS: dict[str, tuple[tuple[str, ...], str, str]] = {
    "sender: greeted": ((SENDER,), "Sender._hello", "after"),
    "sender: batch prepared": ((SENDER,), "Sender._prepare", "after"),
    "sender: before sending": ((SENDER,), "Sender._send", "before"),
    "sender: acknowledged": ((SENDER,), "Sender._send", "after"),
    "sender: before its note": ((SENDER,), "Sender._note_acked", "before"),
    "sender: noted": ((SENDER,), "Sender._note_acked", "after"),
    "receiver: batch unpacked": ((DESK,), "unpack", "after"),
    "applier: cursor locked": ((VISITS,), "lines_to_apply", "before"),
    "applier: before the rows": (APPLIERS, "_write_rows", "before"),
    "applier: between rows and figures": (ROWS, "add_to_figures", "before"),
    "applier: rows written": (APPLIERS, "_write_rows", "after"),
    "applier: before the cursor": (APPLIERS, "write_cursors", "before"),
    "applier: before the commit": (APPLIERS, "write_cursors", "after"),
    "receiver: committed, not answered": ((RECEIVER,), "answer", "before"),
}
"""Label -> modules, function, before or after it."""

AT_BRANCH = tuple(label for label in POINTS if label.startswith("sender"))
AT_HQ = tuple(label for label in POINTS if not label.startswith("sender"))


class Crash(OSError):
    """The step failed here, as with a power cut: nothing after it was done."""


@dataclass
class Plan:
    """Which point fails next (empty: none), and how often each failed."""

    next: str = ""
    reached: dict[str, int] = field(default_factory=dict)

    def pass_by(self, label: str) -> None:
        if self.next == label:
            self.next = ""
            self.reached[label] = self.reached.get(label, 0) + 1
            raise Crash(label)


def _wrapped(function: Any, when: str, reach: Callable[[], None]) -> Any:
    if inspect.iscoroutinefunction(function):

        @wraps(function)
        async def later(*args: Any, **kwargs: Any) -> Any:
            if when == "before":
                reach()
            result = await function(*args, **kwargs)
            if when == "after":
                reach()
            return result

        return later

    @wraps(function)
    def at_once(*args: Any, **kwargs: Any) -> Any:
        if when == "before":
            reach()
        result = function(*args, **kwargs)
        if when == "after":
            reach()
        return result

    return at_once


def _places(label: str) -> list[tuple[Any, str]]:
    """The objects and attribute names that a label stands for."""
    modules, path, _when = POINTS[label]
    found = []
    for name in modules:
        owner: Any = importlib.import_module(name)
        *parts, last = path.split(".")
        for part in parts:
            owner = getattr(owner, part)
        found.append((owner, last))
    return found


@contextmanager
def played(plan: Plan, labels: tuple[str, ...] = tuple(POINTS)) -> Iterator[Plan]:
    """Every point of this process asks `plan` as it is passed, until the block ends."""
    with ExitStack() as stack:
        for label in labels:
            for owner, last in _places(label):
                made = _wrapped(
                    getattr(owner, last), POINTS[label][2], lambda label=label: plan.pass_by(label)
                )  # type: ignore[misc]
                stack.enter_context(mock.patch.object(owner, last, made))
        yield plan


def die_at(label: str, times: int) -> None:
    """From now on this process is killed (SIGKILL) when it, or one that it forks, reaches the point the `times`-th time."""
    passed, site = 0, os.getpid()

    def reach() -> None:
        nonlocal passed
        passed += 1
        if passed == times:
            os.kill(site, signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)

    for owner, last in _places(label):
        setattr(owner, last, _wrapped(getattr(owner, last), POINTS[label][2], reach))


if __name__ == "__main__":
    _, at, count, module, *words = sys.argv
    die_at(at, int(count))
    sys.argv = [module, *words]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
