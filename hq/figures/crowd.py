"""While a crowd of branches is being taken over, pages read the positions of branches once a second, not once a page.

Every few milliseconds another group of branches moves then, so that each look at a company would find most of its answers made of
something old; and making them anew for each look takes the time in which the crowd could be taken over. What a page shows
is a second old at most, and says so by its positions. Open pages are told when the rest of the crowd is written: it is a
crowd only while at least so many requests still wait that a group of them is written later.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from shared.database.access import database_name

SECONDS = 1.0
LEAST_WAITING = 64

Cursors = dict[str, tuple[Any, ...]]

_waiting: list[Callable[[], int]] = []
_held: dict[str, tuple[float, Cursors]] = {}


@contextmanager
def noticed(waiting: Callable[[], int]) -> Iterator[None]:
    """For as long as a receiver works: how many requests of branches wait for their turn."""
    _waiting.append(waiting)
    try:
        yield
    finally:
        _waiting.remove(waiting)
        _held.clear()


def is_here() -> bool:
    """Whether a crowd is being taken over at this moment."""
    return any(waiting() >= LEAST_WAITING for waiting in _waiting)


async def cursors(read: Callable[[], Awaitable[Cursors]]) -> Cursors:
    """What `read` gives now, or gave at most SECONDS ago where a crowd has been there since."""
    name = database_name()
    held = _held.get(name)
    if held is not None and is_here() and monotonic() - held[0] <= SECONDS:
        return held[1]
    begun = monotonic()
    found = await read()
    if is_here():
        _held[name] = begun, found
    else:
        _held.pop(name, None)
    return found
