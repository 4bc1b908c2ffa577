"""What was made for each branch on the way to an answer, so that the next answer costs little more than the branches that moved.

Pure, and kept by `answers` beside each answer. What depends on the branch alone is a `Step`; what is added up over all branches is
`Running`.
"""

from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Step:
    """One result for each branch, made again only when what it was made of has changed."""

    def __init__(self, common: object) -> None:
        self.common = common
        self.made: dict[str, tuple[object, Any]] = {}

    def of(self, branch: str, made_of: object, make: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
        """What `make` gives for the branch, or gave when `made_of` was equal; `made_of` is all of it that is not common."""
        held = self.made.get(branch)
        if held is None or held[0] != made_of:
            held = self.made[branch] = (made_of, make(*args, **more))
        result: T = held[1]
        return result


NONE: Mapping[str, object] = {}


class Running:
    """Whole numbers by key, added up over branches and kept while single branches change: what a branch gave before is taken
    away again and what it gives now is added, which is the same as adding all anew. Anything that is no whole number is
    left out."""

    def __init__(self) -> None:
        self.parts: dict[str, Mapping[str, object]] = {}
        self.sums: dict[str, int] = {}
        self.counts: dict[str, int] = {}

    def take(self, parts: Mapping[str, Mapping[str, object]]) -> "Running":
        """The sums over exactly these branches. The numbers of a branch that were given before count as unchanged where they
        are the same object, so they must not be altered."""
        held = self.parts
        for branch, part in parts.items():
            before = held.get(branch, NONE)
            if before is not part:
                held[branch] = part
                self._change(before, part)
        if len(held) != len(parts):
            for branch in held.keys() - parts.keys():
                self._change(held.pop(branch), NONE)
        return self

    def _change(self, before: Mapping[str, object], part: Mapping[str, object]) -> None:
        """Of a branch that has moved most numbers are what they were: these cost a look."""
        for key, number in part.items():
            was = before.get(key)
            if number != was or type(number) is not type(was):
                self._add(key, number, 1)
                self._add(key, was, -1)
        if before.keys() != part.keys():
            for key in before.keys() - part.keys():
                self._add(key, before[key], -1)

    def _add(self, key: str, number: object, sign: int) -> None:
        if isinstance(number, int):
            self.sums[key] = self.sums.get(key, 0) + sign * number
            self.counts[key] = self.counts.get(key, 0) + sign

    def sum(self, key: str) -> int:
        """0 where no branch has the number."""
        return self.sums.get(key, 0)

    def known(self, key: str) -> int | None:
        """None where no branch has the number."""
        return self.sums[key] if self.counts.get(key) else None


class Workings:
    """All steps and running sums of one answer."""

    def __init__(self) -> None:
        self.steps: dict[str, Step] = {}
        self.sums: dict[str, Running] = {}

    def step(self, name: str, common: object = None) -> Step:
        """The step of a name; an empty one when what is common to all branches has changed."""
        held = self.steps.get(name)
        if held is None or held.common != common:
            held = self.steps[name] = Step(common)
        return held

    def running(self, name: str) -> Running:
        return self.sums.setdefault(name, Running())
