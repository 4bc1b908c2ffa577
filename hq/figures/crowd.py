"""While a crowd of branches is being taken over, pages read how the branches stand every few seconds, not each time.

Every few milliseconds another group of branches moves then, so that each look at a company would find most of its answers made of
something old; and making them anew for each look takes the time in which the crowd could be taken over. What a page shows
is SECONDS old at most, and says so by its positions; what headquarters itself entered is seen at once. Open pages miss nothing:
there is a crowd only while AT_LEAST requests are at work, and when these are written pages are told again and find it over.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any, Protocol, TypeVar

from shared.database.access import database_name

SECONDS = 5.0
BEGINS, AT_LEAST = 64, 16
"""A crowd is there once so many requests wait for their turn or are at work, until these are fewer."""


class Standing(Protocol):
    """How branches stand; `own_seq` is how far headquarters' own log had come when that was read."""

    @property
    def own_seq(self) -> int: ...


S = TypeVar("S", bound=Standing)
T = TypeVar("T")


class Watch:
    """Looks at one receiver: `waiting()` wait for a turn, or to be let in at all, `working()` have one."""

    def __init__(self, waiting: Callable[[], int], working: Callable[[], int]) -> None:
        self.waiting, self.working, self.was_here = waiting, working, False

    def is_here(self) -> bool:
        """Whether a crowd is being taken over at this moment."""
        self.was_here = self.waiting() + self.working() >= (AT_LEAST if self.was_here else BEGINS)
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


_kept: dict[tuple[object, ...], tuple[float, Any]] = {}
KEPT_MOST = 64


async def kept(key: tuple[object, ...], own_seq: int, load: Callable[[], Awaitable[T]]) -> T:
    """What `load` gives now, for what pages show beside their figures; while a crowd is there what it gave for the same key at most
    SECONDS ago, unless headquarters' own log has moved."""
    whole_key = (database_name(), own_seq, *key)
    found = _kept.get(whole_key)
    if found is None or not is_here() or monotonic() - found[0] > SECONDS:
        found = (monotonic(), await load())
        if len(_kept) >= KEPT_MOST:
            _kept.clear()
        _kept[whole_key] = found
    value: T = found[1]
    return value


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
