"""Which requests of branches are worked on, which wait their turn, which are told to come again later.

Turns are taken in the order of coming, and a node has at most PER_NODE requests here, so that a branch with a huge backlog
is never more than PER_NODE turns ahead of any other. A request is read only when its turn has come: what waits costs its
headers and no more, what is worked on is bounded in number and in bytes. Pages of the site need no turn.
"""

import asyncio
import random
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.errors import TooMany
from shared.i18n import N_

PER_NODE = 2
MAX_WAITING = 2_048
WORKING = 48
WORKING_BYTES = 2 * 1024 * 1024
Turn = tuple[asyncio.Future[None], int]


class Admission:
    """The turns of one process. A request larger than WORKING_BYTES is worked on alone."""

    def __init__(
        self, *, waiting: int = MAX_WAITING, working: int = WORKING, per_node: int = PER_NODE
    ) -> None:
        self._most_waiting, self._most_working, self._per_node = waiting, working, per_node
        self._here: Counter[str] = Counter()
        self._queue: deque[Turn] = deque()
        self.working = 0
        self.working_bytes = 0

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._queue)

    @asynccontextmanager
    async def turn(self, node: str, size: int) -> AsyncIterator[None]:
        """A turn of `node` for a body of `size` bytes. Raises TooMany when it has enough here, or everybody has."""
        if self._here[node] >= self._per_node:
            raise TooMany(
                N_("Requests of this node are being worked on; send one after the other."), retry_after=1
            )
        if self.waiting >= self._most_waiting:
            raise TooMany(N_("Headquarters is busy; the changes will be sent again."), retry_after=1 + random.randrange(4))  # fmt: skip
        self._here[node] += 1
        try:
            await self._begin(size)
            try:
                yield
            finally:
                self._end(size)
        finally:
            self._here[node] -= 1
            if not self._here[node]:
                del self._here[node]

    async def _begin(self, size: int) -> None:
        if not self._queue and self._fits(size):
            self._count(1, size)
            return
        given: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append((given, size))
        try:
            await given
        except asyncio.CancelledError:
            if given.cancelled():
                self._queue.remove((given, size))
                self._call_next()
            else:  # the turn was given in the same moment as the sender went away
                self._end(size)
            raise

    def _end(self, size: int) -> None:
        self._count(-1, -size)
        self._call_next()

    def _call_next(self) -> None:
        while self._queue and self._fits(self._queue[0][1]):
            given, size = self._queue.popleft()
            self._count(1, size)
            given.set_result(None)

    def _fits(self, size: int) -> bool:
        is_small_enough = not self.working or self.working_bytes + size <= WORKING_BYTES
        return self.working < self._most_working and is_small_enough

    def _count(self, requests: int, size: int) -> None:
        self.working += requests
        self.working_bytes += size
