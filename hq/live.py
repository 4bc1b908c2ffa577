"""Tells open pages that figures of a branch have changed.

The receiver calls `applied(branch)` after each commit; every site of this process hears it. Where several web
processes serve headquarters, `watch_cursors` notices what the others have applied.

Open pages that show the same share what they are told (`shared_part`; the overview has a board of its own): it is made once per
change and at most once per gap, however many pages wait for it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Hashable, Sequence
from contextlib import asynccontextmanager
from time import monotonic, process_time
from weakref import WeakValueDictionary

from starlette.applications import Starlette
from starlette.requests import Request

from shared.database import fetch_all
from shared.web.live import Hub, Push, Render, partial, wire_of
from shared.web.reader import reader_zone

TOPIC = "branch:"
CLOCK = "clock"
WATCH_SECONDS = 2.0
AGEING_SECONDS = 15.0

REST = 3
"""What is shared is left alone for so many times as long as the process was busy while it was made (waiting for the database is no work),"""
REST_MOST_SECONDS = 1.0
"""but no longer than this: the first after a start takes long and says nothing about the next."""

_hubs: list[Hub] = []


def applied(branch: str) -> None:
    """Something of this branch was applied, or its freshness changed. Never waits; call it inside the event loop."""
    for hub in _hubs:
        hub.publish(TOPIC + branch)


def notify(branch: str) -> None:
    """The same, under the name that says what it does."""
    applied(branch)


def topics_of(branches: Collection[str]) -> list[str]:
    """What a page that shows these branches listens to: the branches, and the passing of time."""
    return [*(TOPIC + code for code in branches), CLOCK]


@asynccontextmanager
async def telling(app: Starlette) -> AsyncIterator[None]:
    """A resource of the site: its hub hears `applied` for as long as the site runs."""
    hub: Hub = app.state.hub
    _hubs.append(hub)
    try:
        yield
    finally:
        _hubs.remove(hub)


async def watch_cursors(app: Starlette) -> None:
    """While pages are open: tell what other processes have applied, and every quarter of a minute that time passes
    (a branch becomes late by doing nothing)."""
    hub: Hub = app.state.hub
    known: dict[str, int] = {}
    told_at = monotonic()
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        if not hub.streams:
            known = {}
            continue
        rows = await fetch_all("SELECT branch, applied_at FROM branch_cursor")
        fresh = {str(row["branch"]): int(row["applied_at"] or 0) for row in rows}
        if known:
            hub.publish(*(TOPIC + code for code, at in fresh.items() if known.get(code) != at))
        known = fresh
        if monotonic() - told_at >= AGEING_SECONDS:
            told_at = monotonic()
            hub.publish(CLOCK)


class Shared:
    """What open pages that show the same are told. It holds whatever was told up to the hub's `version`."""

    def __init__(self, hub: Hub, gap_seconds: float) -> None:
        self.hub, self.shortest_gap, self.gap_seconds = hub, gap_seconds, gap_seconds
        self.lock = asyncio.Lock()
        self.version = -1
        self.made_at = -gap_seconds

    async def anew(
        self, make: Callable[[], Awaitable[None]], is_enough: Callable[[], bool] = lambda: True
    ) -> None:
        """Make it anew when something was told since it was made, or it is not enough for this page; whoever comes meanwhile waits
        for the same one: what is told while that one is made wakes the page again."""
        asked_at = self.hub.version
        async with self.lock:
            if self.version >= asked_at and is_enough():
                return
            await asyncio.sleep(max(0.0, self.made_at + self.gap_seconds - monotonic()))
            version, begun = self.hub.version, process_time()
            await make()
            self.version, self.made_at = version, monotonic()
            rest = min(REST * (process_time() - begun), REST_MOST_SECONDS)
            self.gap_seconds = max(self.shortest_gap, rest)


Draw = Callable[[Request], Awaitable[str]]


class SharedPart(Shared):
    """A part of a page, put into bytes once for all of its pages. `number` grows with each text that differs; 0: none yet."""

    number, html = 0, ""
    push = Push("")

    async def tell(self, request: Request, target: str, draw: Draw) -> None:
        """Have it drawn anew if need be."""

        async def make() -> None:
            version, html = self.hub.version, await draw(request)
            if html != self.html or not self.number:
                self.number, self.html = self.number + 1, html
                self.push = wire_of(partial(target, html).data, f"{self.hub.epoch}-{version}")

        await self.anew(make)


_parts: WeakValueDictionary[Hashable, SharedPart] = WeakValueDictionary()


def actions_of(request: Request) -> frozenset[str]:
    """What the reader may do: numbers link only to pages that open, so readers of other rights read other pages."""
    return frozenset(request.state.person.grants)


def shared_part(request: Request, target: str, scope: Hashable, gap_seconds: float, draw: Draw) -> Render:
    """What `live` calls for one part of a page at `target`. Pages of the same address, language, zone and rights share it when their
    `scope` is equal: all else that `draw` depends on, such as the reader's branches. A page is told nothing when it reads
    the same as what it was told last."""
    hub: Hub = request.app.state.hub
    reader = (request.state.locale, str(reader_zone()), actions_of(request))
    key = (id(hub), target, str(request.url), reader, scope)
    part = _parts.setdefault(key, SharedPart(hub, gap_seconds))
    told = 0

    async def render(_changed: Collection[str]) -> Sequence[Push]:
        nonlocal told
        await part.tell(request, target, draw)
        pushes = [part.push] if told != part.number else []
        told = part.number
        return pushes

    return render
