"""Sums per branch that were read a moment ago: a branch is read again when its position has moved.

Cells change in the transaction that moves the branch's cursor, settles one of its quarantined changes or notes the
moment (a rebuild, a mended row), so equal positions mean equal cells. Memory is bounded by the values held: the questions
least recently asked go first.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, TypeVar

from hq.figures import answers, cells, journal
from hq.figures.cells import DateGroup, Sums, Wants
from hq.figures.freshness import Directory, Position
from shared.database.access import database_name

VALUES_MOST = 500_000
"""About 40 MB: six boards of 1,000 branches."""
MOVED_MOST = 150
KEPT_MOST = 200

T = TypeVar("T")

Key = tuple[object, ...]


@dataclass
class Held:
    """What was read for one question: at which positions, and the sums."""

    positions: Mapping[str, Position]
    sums: dict[str, Any] = field(default_factory=dict)

    @property
    def values(self) -> int:
        return sum(len(row) if isinstance(row, Mapping) else 1 for row in self.sums.values())


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
    key = ("cells", tuple((group, tuple(wants(group.today))) for group in groups))
    return await by_position(branches, key, scope, lambda among: cells.by_branch(wants, groups, among))


async def by_position(
    branches: Directory,
    key: Key,
    scope: frozenset[str] | None,
    load: Callable[[frozenset[str] | None], Awaitable[Mapping[str, T]]],
) -> dict[str, T]:
    """What `load` gives for the branches asked for, by branch, where it follows from their applied rows alone: of the branches
    that have not moved since the same was last asked it is what it gave then. A branch may be absent."""
    name = database_name()
    if not name:
        return dict(await load(scope))
    whole_key = (name, *key, scope)
    held = _held.get(whole_key)
    positions = branches.positions
    if held is not None and held.positions is not positions:
        before = held.positions
        moved = frozenset(code for code, position in positions.items() if before.get(code) != position)
        if len(moved) > MOVED_MOST:
            held = None
        else:
            if moved:
                fresh = await load(moved)
                for code in moved:
                    held.sums.pop(code, None)
                held.sums.update(fresh)
            held.positions = positions
    if held is None:
        held = _held[whole_key] = Held(positions, dict(await load(scope)))
        while len(_held) > 1 and sum(held.values for held in _held.values()) > VALUES_MOST:
            _held.popitem(last=False)
    _held.move_to_end(whole_key)
    return dict(held.sums)
