"""Hands signed commands to agents that wait for them: each waiting line is answered after the commit, in a row."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from shared.nodes.report import SignedCommand

PUT_AWAY_AT_ONCE = 25
PUT_AWAY_PAUSE_SECONDS = 0.004
CUT_SHORT = ConnectionAbortedError("the answer was not sent")


@dataclass(frozen=True, slots=True)
class Answering:
    """How a poll is answered: what is sent for these commands, and its sending."""

    body: Callable[[Sequence[SignedCommand]], bytes]
    send: Callable[[bytes], Awaitable[None]]


class Line:
    """One long poll. `commands` is what was ordered since it was opened; `is_answered` when the poll has it already."""

    def __init__(self) -> None:
        self.commands: list[SignedCommand] = []
        self.is_answered = False
        self.answering: Answering | None = None
        self._woken: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def wake(self, *, has_come: bool = True) -> None:
        if not self._woken.done() and not self.is_answered:
            self._woken.set_result(has_come)

    async def wait(self, seconds: float, answering: Answering | None = None) -> bool:
        """True when something came: at once, or when it has been answered by `answering`; False after the wait. Raises what its
        sending raised."""
        self.answering = answering
        ends = asyncio.get_running_loop().call_later(seconds, lambda: self.wake(has_come=False))
        try:
            return await self._woken
        finally:
            self.answering = None
            ends.cancel()

    @property
    def takes_answer(self) -> bool:
        """Whether it can be answered here and now: it waits, and nothing has woken it."""
        return self.answering is not None and not self.is_answered and not self._woken.done()

    def put_away(self, failed: Exception | None) -> None:
        """Whoever waited goes on, after it was answered."""
        if self._woken.done():
            return  # cancelled while it was answered
        if failed is None:
            self._woken.set_result(True)
        else:
            self._woken.set_exception(failed)


Answered = tuple[Line, Exception | None]


def put_away(answered: Sequence[Answered]) -> None:
    """Exchanges that were answered end, a few at a time: ending a thousand takes 45 ms of processor, in which nobody who reports
    meanwhile would be answered, and nothing waits for it."""
    for line, failed in answered[:PUT_AWAY_AT_ONCE]:
        line.put_away(failed)
    if rest := answered[PUT_AWAY_AT_ONCE:]:
        asyncio.get_running_loop().call_later(PUT_AWAY_PAUSE_SECONDS, put_away, rest)


class Delivery:
    """The way of an order's commands to the lines that wait.

    1. `prepare`, best while the database writes: makes the answers. 2. `run`, after the commit, for the nodes act on them
    at once: sends them one behind the other. Waking a thousand exchanges, of which each then makes and sends its own, takes
    twice as long until the last is sent; they are woken behind it, to be put away.
    """

    def __init__(
        self, commands: Mapping[str, Sequence[SignedCommand]], lines: Mapping[str, Sequence[Line]]
    ) -> None:
        self._commands, self._lines = commands, lines
        self._bodies: dict[Line, bytes] = {}

    def prepare(self) -> None:
        for node, signed in self._commands.items():
            for line in self._lines.get(node, ()):
                if line.answering is not None:
                    self._bodies[line] = line.answering.body(signed)

    async def run(self) -> None:
        """A line that does not wait yet finds its commands when it does. Each line is answered once: what comes later is found by
        the next poll. A failure is the line's own; the others are answered. None holds up those behind it: of its answer only the
        head has left, so that the connection takes the rest without waiting for the node."""
        answered: list[Answered] = []
        try:
            for node, signed in self._commands.items():
                for line in tuple(self._lines.get(node, ())):
                    line.commands += signed
                    if line.takes_answer:
                        line.is_answered = True
                        answered.append((line, CUT_SHORT))
                        answered[-1] = line, await self._send(line, signed)
                    else:
                        line.wake()
        finally:
            put_away(answered)

    async def _send(self, line: Line, signed: Sequence[SignedCommand]) -> Exception | None:
        assert line.answering is not None
        try:
            await line.answering.send(self._bodies.get(line) or line.answering.body(signed))
        except Exception as error:
            return error
        return None


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
        """Whether a line of the node has not been answered yet."""
        return any(not line.is_answered for line in self._lines.get(node, ()))

    def delivery(self, commands: Mapping[str, Sequence[SignedCommand]]) -> Delivery:
        """How commands by node are given to the lines that wait."""
        return Delivery(commands, self._lines)

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
