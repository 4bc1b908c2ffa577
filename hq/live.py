"""Tells open pages that figures of a branch have changed.

The receiver calls `applied(branch)` after each commit; every site of this process hears it. Where several web
processes serve headquarters, `watch_cursors` notices what the others have applied.
"""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from time import monotonic

from starlette.applications import Starlette

from shared.database import fetch_all
from shared.web.live import Hub

TOPIC = "branch:"
CLOCK = "clock"
WATCH_SECONDS = 2.0
AGEING_SECONDS = 15.0

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
