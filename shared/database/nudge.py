"""Wakes whoever waits for a commit in this process (the sender), without polling the database."""

import asyncio
from contextlib import suppress

_waiting: set["Nudge"] = set()


class Nudge:
    """An event set by every commit of the process. Commits of other processes are found by the waiter's time-out."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._asked = asyncio.Event()

    def listen(self) -> None:
        """Be woken by commits from now on."""
        _waiting.add(self)

    def forget(self) -> None:
        """No longer be woken."""
        _waiting.discard(self)

    def set(self) -> None:
        """Wake the waiter."""
        self._event.set()

    def clear(self) -> None:
        """Whatever was committed so far is about to be looked at."""
        self._event.clear()

    def ask(self) -> None:
        """Somebody wants it done now: wake the waiter, also one that rests after a failure."""
        self._asked.set()
        self.set()

    async def rest(self, seconds: float) -> None:
        """After a failure: that long, or until somebody asks."""
        self._asked.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._asked.wait()

    async def wait(self, timeout_seconds: float) -> bool:
        """True when something was committed, False when the time is over."""
        try:
            async with asyncio.timeout(
                timeout_seconds
            ):  # wait_for loses a cancellation that comes with the event
                await self._event.wait()
        except TimeoutError:
            return False
        return True


def committed() -> None:
    """Called by the engines after each commit."""
    for nudge in tuple(_waiting):
        nudge.set()


def hurry() -> None:
    """Called when a person wants everything sent now."""
    for nudge in tuple(_waiting):
        nudge.ask()
