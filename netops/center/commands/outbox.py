"""Hands signed commands to agents that wait for them: a future per waiting line, woken after the commit."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager

from shared.nodes.report import SignedCommand


class Line:
    """One long poll. `commands` is what it is to be answered with."""

    def __init__(self) -> None:
        self.commands: list[SignedCommand] = []
        self._woken: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def wake(self, *, has_come: bool = True) -> None:
        if not self._woken.done():
            self._woken.set_result(has_come)

    async def wait(self, seconds: float) -> bool:
        """True when something came, at once; False after the wait."""
        ends = asyncio.get_running_loop().call_later(seconds, lambda: self.wake(has_come=False))
        try:
            return await self._woken
        finally:
            ends.cancel()


class Outbox:
    """The lines of this process. Losing one loses nothing: the command stays in the table and goes out with the next poll."""

    def __init__(self) -> None:
        self._lines: dict[str, list[Line]] = defaultdict(list)
        self._is_ending = False

    @asynccontextmanager
    async def line(self, node: str) -> AsyncIterator[Line]:
        """A line for the length of a poll. Open it before looking into the table, so that nothing falls between."""
        line = Line()
        if self._is_ending:
            line.wake(has_come=False)
        self._lines[node].append(line)
        try:
            yield line
        finally:
            self._lines[node].remove(line)
            if not self._lines[node]:
                del self._lines[node]

    def is_waiting(self, node: str) -> bool:
        return node in self._lines

    def deliver(self, commands: Mapping[str, Sequence[SignedCommand]]) -> None:
        """Give commands by node to the lines that wait. Only after the commit: the node acts on them at once."""
        for node, signed in commands.items():
            for line in self._lines.get(node, ()):
                line.commands += signed
                line.wake()

    def end(self) -> None:
        """Answer every line, those that are opened from now on too: this process ends, and would wait for them."""
        self._is_ending = True
        for lines in self._lines.values():
            for line in lines:
                line.wake(has_come=False)

    def look(self, nodes: Iterable[str]) -> None:
        """Wake lines so that they look into the table themselves (another process has ordered something)."""
        for node in nodes:
            for line in self._lines.get(node, ()):
                line.wake()
