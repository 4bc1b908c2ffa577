"""Keeps a process small and its start short: what a library loads on sight and this process will not use stays out.

Measured on Python 3.11 in a branch's process: 5 MB for `rich` with all it brings (a developer's tools install it), 4 MB for the
certificates that the broker's client loads to read tokens, 4 MB for mail and telephone numbers until the first one.
"""

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from time import monotonic
from types import ModuleType
from typing import Any

NOT_WANTED = ("rich", "greenlet", "watchfiles")
"""For consoles, for threads that we have not, and to start anew when a source changes: their users do without."""
LATER = ("jwt", "phonenumbers", "aiosmtplib")
"""Whole packages that are used seldom: some of them never."""


@contextmanager
def leanly() -> Iterator[None]:
    """What a site imports within the block does without NOT_WANTED, and has of LATER the name only until it is used."""
    for name in LATER:
        sys.modules.setdefault(name, Later(name))
    with without(*NOT_WANTED):
        yield


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Within the block `import name` fails, so that a library that can do without these does; afterwards they can be
    imported again. What is loaded already stays."""
    absent = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None: not to be imported
    try:
        yield
    finally:
        for name in absent:
            sys.modules.pop(name, None)


class Later(ModuleType):
    """Stands for a module that is loaded when something of it is looked up, by whoever comes first."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # the machinery of import looks at these of every module
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        found = getattr(importlib.import_module(self.__name__), name)
        setattr(self, name, found)
        return found


GIVE_BACK_EVERY_S = 5.0
_given_back_at = -GIVE_BACK_EVERY_S
_is_due = False


def give_back() -> bool:
    """Give memory that is free within the process back to the system, at most every GIVE_BACK_EVERY_S; whether it was done.

    A job or a template that is compiled takes megabytes for a moment, and the C library keeps them. It takes some milliseconds
    in the thread that calls. Too soon after the last time it is done a little later, by the event loop if one runs. Nothing
    happens where the C library is not glibc."""
    global _given_back_at, _is_due
    if (trim := _trim()) is None:
        return False
    if (wait := _given_back_at + GIVE_BACK_EVERY_S - monotonic()) > 0:
        _give_back_in(wait)
        return False
    _given_back_at, _is_due = monotonic(), False
    trim(0)
    return True


def _give_back_in(seconds: float) -> None:
    """Once for all who ask meanwhile."""
    global _is_due
    import asyncio  # not above: the agent decides what comes with it before it is loaded (netops/agent/lean.py)

    with suppress(RuntimeError):  # no loop runs: whoever comes next does it
        loop = asyncio.get_running_loop()
        if not _is_due:
            _is_due = True
            loop.call_later(seconds + 0.01, give_back)


@lru_cache(maxsize=1)
def _trim() -> Callable[[int], int] | None:
    import ctypes  # half a megabyte, and not everybody needs it

    try:
        return ctypes.CDLL(None).malloc_trim  # type: ignore[no-any-return]
    except (OSError, AttributeError, TypeError):
        return None
