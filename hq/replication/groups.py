"""Gathers visits that wait at the same time, so that one transaction and one commit serve them all.

Nothing waits for company: who comes alone is written at once. While the loop has requests to look at or a group is being
written, further visits gather; while a crowd is known to be on its way, a group that is worth its commit is waited for.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

from hq.replication.outcome import Applied
from hq.replication.visits import Visit

T = TypeVar("T")
MAX_VISITS = 64
MAX_LINES = 8_000
"""How much goes into one transaction: readers of the file and other work are let in between two."""
READ_AHEAD_LINES = 500
"""A larger batch is read where it is written: reading it at once would keep the loop from others."""
WORTH, GATHER_SECONDS, LOOK_SECONDS = 48, 0.04, 0.002
"""While a crowd is there: so many visits are worth a transaction, and are waited for so long at most."""
TURN = 4
"""After so many visits the loop looks after pages: what is done for a whole group at once keeps them waiting."""
Write = Callable[[Sequence[Visit]], Awaitable[None]]
"""Writes the visits in one transaction; raises what fails all of them."""


@dataclass(frozen=True)
class _Waiting:
    visit: Visit
    done: asyncio.Future[Applied]


class Groups:
    """The visits of one applier; `side_by_side` groups are handed to `write` at once. `is_crowd`: many more visits are coming."""

    def __init__(self, write: Write, side_by_side: int) -> None:
        self._write, self._side_by_side = write, side_by_side
        self._waiting: deque[_Waiting] = deque()
        self._working: set[asyncio.Task[None]] = set()
        self.is_crowd = False

    def has_room_for(self, lines: int) -> bool:
        """Whether a batch of so many lines is to be read while it waits: what is read takes four times the memory of what was
        sent, so that no more of it waits than one transaction takes."""
        return lines <= READ_AHEAD_LINES and lines + sum(one.visit.size for one in self._waiting) <= MAX_LINES

    async def visit(self, visit: Visit) -> Applied:
        """What came of a visit, after the commit. Raises why it was refused."""
        waiting = _Waiting(visit, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if len(self._working) < self._side_by_side:
            self._working.add(asyncio.create_task(self._work()))
        return await waiting.done

    async def finish(self) -> None:
        """Until nothing waits any more."""
        while self._working:
            await asyncio.wait(self._working)

    async def _work(self) -> None:
        """Write groups until nothing waits. Who comes while this ends must not count on it: it leaves in the same step."""
        try:
            await self._work_on()
        finally:
            self._working.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    async def _work_on(self) -> None:
        while self._waiting:
            await self._gather()
            if not self._waiting:  # another writer took them
                return
            group = self._next()
            failure: BaseException | None = None
            try:
                await self._write([one.visit for one in group])
            except BaseException as error:
                failure = error
            try:
                async for one in in_turns(group):
                    _answer(one, failure)
            finally:  # also when this is cancelled in between
                for one in group:
                    _answer(one, failure)
            if isinstance(failure, asyncio.CancelledError):
                raise failure

    async def _gather(self) -> None:
        """While a crowd is there: until a group is worth it."""
        loop = asyncio.get_running_loop()
        until = loop.time() + GATHER_SECONDS
        while self.is_crowd and len(self._waiting) < WORTH and loop.time() < until:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_SECONDS)

    def _next(self) -> list[_Waiting]:
        """What goes together: at most one visit of a branch, in the order of coming."""
        group = [self._waiting.popleft()]
        branches = {group[0].visit.contact.branch}
        lines = group[0].visit.size
        while self._waiting and len(group) < MAX_VISITS:
            further = self._waiting[0].visit
            lines += further.size
            if further.contact.branch in branches or lines > MAX_LINES:
                break
            branches.add(further.contact.branch)
            group.append(self._waiting.popleft())
        return group


async def in_turns(many: Sequence[T]) -> AsyncIterator[T]:
    """Each of many; the loop looks after others in between."""
    for number, one in enumerate(many, 1):
        yield one
        if not number % TURN:
            await asyncio.sleep(0)


def _answer(one: _Waiting, failure: BaseException | None) -> None:
    if one.done.done():
        return
    if (error := failure or one.visit.error) is not None:
        one.done.set_exception(error)
    else:
        one.done.set_result(one.visit.applied())
