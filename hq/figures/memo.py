"""Sums per branch that were read a moment ago: a branch is read again when its position has moved.

Cells change in the transaction that moves the branch's cursor, settles one of its quarantined changes or notes the
moment (a rebuild, a mended row), so equal positions mean equal cells. Memory is bounded by the values held: the questions
least recently asked go first.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any, TypeVar

from hq.figures import answers, cells, journal
from hq.figures.answers import database_name
from hq.figures.cells import DateGroup, Sums, Want, Wants
from hq.figures.freshness import Directory

VALUES_MOST = 500_000
"""About 40 MB: six boards of 1,000 branches."""
MOVED_MOST = 150
KEPT_MOST = 200

T = TypeVar("T")

Key = tuple[str, tuple[tuple[DateGroup, tuple[Want, ...]], ...], frozenset[str] | None]
Position = tuple[int, datetime | None, int]


@dataclass
class Held:
    """What was read for one question: at which positions, and the sums."""

    positions: dict[str, Position]
    sums: dict[str, Sums] = field(default_factory=dict)

    @property
    def values(self) -> int:
        return len(self.sums) * max((len(row) for row in self.sums.values()), default=0)


_held: OrderedDict[Key, Held] = OrderedDict()
_kept: dict[tuple[object, ...], tuple[float, Any]] = {}


def forget() -> None:
    """Read everything anew from now on: called after cells or targets were changed otherwise than by a batch."""
    _held.clear()
    _kept.clear()
    answers.forget()


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
    positions = {
        branch.code: (branch.mark.position, branch.applied_at, branch.quarantined)
        for branch in branches.branches
    }
    held = _held.get(key)
    if held is None:
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
    _held[key] = Held(positions, sums)
    _held.move_to_end(key)
    while len(_held) > 1 and sum(held.values for held in _held.values()) > VALUES_MOST:
        _held.popitem(last=False)
    return dict(sums)
