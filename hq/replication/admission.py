"""Which requests of branches are worked on, which wait their turn, which are told to come again later.

A request first has a place, in which its body is read, then its turn, in which it is worked on: a body that drips in over a
thin line, or from somebody who means no good, holds a place and keeps nobody from a turn. Both are given in the order of
coming and bounded in number and in bytes; what waits for a place costs its headers and no more. A node has at most PER_NODE
requests here, so that a branch with a huge backlog is never more than PER_NODE turns ahead of any other. Pages of the
site need no turn.
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
READING, READING_BYTES = 512, 32 * 1024 * 1024
WORKING, WORKING_BYTES = 256, 2 * 1024 * 1024
"""Two transactions of 64 branches are written or about to be, while those of the next two are looked at and unpacked."""
Turn = tuple[asyncio.Future[None], int]


class Admission:
    """The places or the turns of one process. A request larger than `most_bytes` is worked on alone."""

    def __init__(
        self,
        *,
        waiting: int = MAX_WAITING,
        working: int = WORKING,
        most_bytes: int = WORKING_BYTES,
        per_node: int = PER_NODE,
    ) -> None:
        self._most_waiting, self._most_working, self._per_node = waiting, working, per_node
        self._most_bytes = most_bytes
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
        is_small_enough = not self.working or self.working_bytes + size <= self._most_bytes
        return self.working < self._most_working and is_small_enough

    def _count(self, requests: int, size: int) -> None:
        self.working += requests
        self.working_bytes += size
