"""While a crowd of branches is being taken over, pages read how the branches stand every few seconds, not each time.

Every few milliseconds another group of branches moves then, so that each look at a company would find most of its answers made of
something old; and making them anew for each look takes the time in which the crowd could be taken over. What a page shows
is SECONDS old at most, and says so by its positions; what headquarters itself entered is seen at once. Open pages miss nothing:
there is a crowd only while AT_LEAST requests are at work, and when these are written pages are told again and find it over.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Protocol, TypeVar

from shared.database.access import database_name

SECONDS = 5.0
BEGINS, AT_LEAST = 64, 32
"""A crowd is there once so many requests wait for their turn, until fewer than that wait or are at work."""


class Standing(Protocol):
    """How branches stand; `own_seq` is how far headquarters' own log had come when that was read."""

    @property
    def own_seq(self) -> int: ...


S = TypeVar("S", bound=Standing)


class Watch:
    """Looks at the turns of one receiver: `waiting()` wait for one, `working()` have one."""

    def __init__(self, waiting: Callable[[], int], working: Callable[[], int]) -> None:
        self.waiting, self.working, self.was_here = waiting, working, False

    def is_here(self) -> bool:
        """Whether a crowd is being taken over at this moment."""
        waiting = self.waiting()
        self.was_here = waiting >= BEGINS or (self.was_here and waiting + self.working() >= AT_LEAST)
        return self.was_here


_watches: list[Watch] = []


class Held(dict[str, tuple[float, S]]):
    """What was read last of a database, with the moment (monotonic seconds)."""

    async def rows(self, read: Callable[[], Awaitable[S]], own_seq: Callable[[], Awaitable[int]]) -> S:
        """What `read` gives now; while a crowd is there what it gave at most SECONDS ago, before the crowd, too, unless
        headquarters' own log has moved."""
        name = database_name()
        held = self.get(name)
        if (
            held is not None
            and is_here()
            and monotonic() - held[0] <= SECONDS
            and held[1].own_seq == await own_seq()
        ):
            return held[1]
        begun = monotonic()
        found = await read()
        self.clear()
        self[name] = begun, found
        return found


@contextmanager
def noticed(waiting: Callable[[], int], working: Callable[[], int]) -> Iterator[None]:
    """For as long as a receiver works."""
    watch = Watch(waiting, working)
    _watches.append(watch)
    try:
        yield
    finally:
        _watches.remove(watch)


def is_here() -> bool:
    """Whether any receiver of this process takes a crowd over."""
    return any(watch.is_here() for watch in _watches)
