"""Pages go first: what is being made for people in this process, and work that waits for it a moment."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

PAGES_FIRST_SECONDS = 0.004
"""So long what comes by the thousand lets a page that is being made go first: much less than a page takes, so that both get on."""
LOOK_SECONDS = 0.001
AT_ONCE, BESIDE_A_PAGE = 8, 3
"""So many pieces of work, of a third of a millisecond each, go on in one turn of the loop while no page is being made, and after each
wait for one that is: where somebody always looks on, a crowd still has a quarter of the time."""
_being_made = 0


@contextmanager
def making() -> Iterator[None]:
    """A page is being made within the block."""
    global _being_made
    _being_made += 1
    try:
        yield
    finally:
        _being_made -= 1


def is_making() -> bool:
    """Whether a page is being made at this moment."""
    return _being_made > 0


async def after_pages(most_seconds: float) -> bool:
    """Until no page is being made, so long at most; the loop looks after others in any case. Whether none is."""
    until = monotonic() + most_seconds
    await asyncio.sleep(0)
    while _being_made and monotonic() < until:  # noqa: ASYNC110
        await asyncio.sleep(LOOK_SECONDS)
    return not _being_made


class Door:
    """Lets work through in the order of coming, some at a time, so that in between the loop looks after pages; while one is being
    made, a few pieces of it every `most_seconds()`."""

    def __init__(self, most_seconds: Callable[[], float]) -> None:
        self._most_seconds = most_seconds
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._letting: asyncio.Task[None] | None = None
        self._open = AT_ONCE

    async def through(self) -> None:
        """Until it is one's turn; at once where few come and no page is being made."""
        loop = asyncio.get_running_loop()
        if self._open and not self._waiting and not _being_made:
            if self._open == AT_ONCE:
                loop.call_soon(self._open_again)
            self._open -= 1
            return
        given = loop.create_future()
        self._waiting.append(given)
        if self._letting is None:
            self._letting = asyncio.create_task(self._let_through())
        await given

    def _open_again(self) -> None:
        """The loop has looked after others."""
        self._open = AT_ONCE

    async def _let_through(self) -> None:
        """Until nobody waits; who comes while this ends must not count on it: it leaves in the same step."""
        try:
            while self._waiting:
                count = AT_ONCE if await after_pages(self._most_seconds()) else BESIDE_A_PAGE
                while count and self._waiting:
                    given = self._waiting.popleft()
                    if not given.done():  # else its sender went away
                        given.set_result(None)
                        count -= 1
        finally:
            self._letting = None
