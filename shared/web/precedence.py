"""Pages go first: what is being made for people in this process, and work that waits for it a moment."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

PAGES_FIRST_SECONDS = 0.004
"""So long what comes by the thousand lets a page that is being made go first: much less than a page takes, so that both get on."""
LOOK_SECONDS = 0.001
AT_ONCE = 8
"""So many pieces of work, of a third of a millisecond each, go on in one turn of the loop while no page is being made."""
BESIDE_A_PAGE, BESIDE_MANY = 1, 3
"""And after each wait for one that is: fewer where a page is asked for now and then; where somebody always looks on, a crowd still has a
quarter of the time."""
SEEN_SECONDS, MUCH = 0.25, 0.5
"""Somebody always looks on where pages were being made for that part of so long a time."""


class _Pages:
    """The pages of this process: how many are being made, and what part of the time some were, as seen last."""

    def __init__(self) -> None:
        self.count, self.begun, self.spent = 0, 0.0, 0.0
        self.seen_at, self.spent_then, self.share = 0.0, 0.0, 0.0

    def begin(self) -> None:
        if not self.count:
            self.begun = monotonic()
        self.count += 1

    def end(self) -> None:
        self.count -= 1
        if not self.count:
            self.spent += monotonic() - self.begun

    def are_many(self) -> bool:
        """Whether some were being made for most of the last quarter of a second that was looked at."""
        now = monotonic()
        if now - self.seen_at >= SEEN_SECONDS:
            spent = self.spent + (now - self.begun if self.count else 0.0)
            self.share = (spent - self.spent_then) / (now - self.seen_at)
            self.seen_at, self.spent_then = now, spent
        return self.share >= MUCH


_pages = _Pages()


@contextmanager
def making() -> Iterator[None]:
    """A page is being made within the block."""
    _pages.begin()
    try:
        yield
    finally:
        _pages.end()


def is_making() -> bool:
    """Whether a page is being made at this moment."""
    return _pages.count > 0


def beside_a_page() -> int:
    """How much goes on now after each wait for a page that is being made."""
    return BESIDE_MANY if _pages.are_many() else BESIDE_A_PAGE


async def after_pages(most_seconds: float) -> bool:
    """Until no page is being made, so long at most; the loop looks after others in any case. Whether none is."""
    until = monotonic() + most_seconds
    await asyncio.sleep(0)
    while _pages.count and monotonic() < until:  # noqa: ASYNC110
        await asyncio.sleep(LOOK_SECONDS)
    return not _pages.count


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
        if self._open and not self._waiting and not _pages.count:
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
                count = AT_ONCE if await after_pages(self._most_seconds()) else beside_a_page()
                while count and self._waiting:
                    given = self._waiting.popleft()
                    if not given.done():  # else its sender went away
                        given.set_result(None)
                        count -= 1
        finally:
            self._letting = None
