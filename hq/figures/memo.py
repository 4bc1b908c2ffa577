"""Sums per branch that were read a moment ago: a branch is read again when its position has moved.

Cells change in the transaction that moves the branch's cursor, so equal positions mean equal cells. What changes cells
behind the cursor's back (a rebuild in another process) is seen after KEEP_SECONDS at the latest, or at once after
`forget()`. Memory is bounded: the questions least recently asked go first.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any, TypeVar

from hq.figures import cells, journal
from hq.figures.cells import DateGroup, Sums, Want, Wants
from hq.figures.freshness import Directory
from shared.database.access import connection

KEEP_SECONDS = 30.0
QUESTIONS_MOST = 48
MOVED_MOST = 150
KEPT_MOST = 200

T = TypeVar("T")

Key = tuple[str, tuple[tuple[DateGroup, tuple[Want, ...]], ...], frozenset[str] | None]
Position = tuple[int, datetime | None]


@dataclass
class Held:
    """What was read for one question: when, at which positions, and the sums."""

    read_at: float
    positions: dict[str, Position]
    sums: dict[str, Sums] = field(default_factory=dict)


_held: OrderedDict[Key, Held] = OrderedDict()
_kept: dict[tuple[object, ...], tuple[float, Any]] = {}


def forget() -> None:
    """Read everything anew from now on: called after cells or targets were changed otherwise than by a batch."""
    _held.clear()
    _kept.clear()


async def kept(key: tuple[object, ...], seconds: float, load: Callable[[], Awaitable[T]]) -> T:
    """What `load` gave at most so many seconds ago for the same key and database; for what seldom changes."""
    whole_key = (database_name(), *key)
    found = _kept.get(whole_key)
    if found is None or monotonic() - found[0] > seconds:
        found = (monotonic(), await load())
        if len(_kept) >= KEPT_MOST:
            _kept.clear()
        _kept[whole_key] = found
    return found[1]


def database_name() -> str:
    """Which database is current, so that two sites in one process do not share sums; '' where it cannot be told."""
    client = connection()
    return str(getattr(client, "filename", "") or getattr(client, "database", "") or "")


async def by_branch(
    branches: Directory, wants: Wants, groups: Sequence[DateGroup], scope: frozenset[str] | None
) -> dict[str, Sums]:
    """The same as cells.by_branch, reading only the branches that have moved since the same was last asked; less
    what arrived after the moment that the question asks for."""
    sums = await present_by_branch(branches, wants, groups, scope)
    if branches.known_at is not None:
        names = [want.name for group in groups[:1] for want in wants(group.today)]
        journal.less(sums, await journal.later_by_branch(wants, groups, scope, branches.known_at), names)
    return sums


async def present_by_branch(
    branches: Directory, wants: Wants, groups: Sequence[DateGroup], scope: frozenset[str] | None
) -> dict[str, Sums]:
    """The sums as they stand now."""
    name = database_name()
    if not name:
        return await cells.by_branch(wants, groups, scope)
    key = (name, tuple((group, tuple(wants(group.today))) for group in groups), scope)
    positions = {branch.code: (branch.mark.position, branch.applied_at) for branch in branches.branches}
    held = _held.get(key)
    if held is None or monotonic() - held.read_at > KEEP_SECONDS:
        return await whole(key, positions, wants, groups, scope)
    moved = frozenset(code for code, position in positions.items() if held.positions.get(code) != position)
    if len(moved) > MOVED_MOST:
        return await whole(key, positions, wants, groups, scope)
    if moved:
        fresh = await cells.by_branch(wants, groups, moved)
        for code in moved:
            held.sums.pop(code, None)
        held.sums.update(fresh)
        held.positions = positions
    _held.move_to_end(key)
    return dict(held.sums)


async def whole(
    key: Key,
    positions: dict[str, Position],
    wants: Wants,
    groups: Sequence[DateGroup],
    scope: frozenset[str] | None,
) -> dict[str, Sums]:
    """Read all branches and keep them."""
    sums = await cells.by_branch(wants, groups, scope)
    _held[key] = Held(monotonic(), positions, sums)
    _held.move_to_end(key)
    while len(_held) > QUESTIONS_MOST:
        _held.popitem(last=False)
    return dict(sums)
