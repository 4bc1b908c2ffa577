"""Pages go first: what is being made for people in this process, and work that waits for it a moment."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

LOOK_SECONDS = 0.001
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


async def after_pages(most_seconds: float) -> None:
    """Until no page is being made, so long at most; the loop looks after others in any case."""
    until = monotonic() + most_seconds
    await asyncio.sleep(0)
    while _being_made and monotonic() < until:  # noqa: ASYNC110
        await asyncio.sleep(LOOK_SECONDS)
