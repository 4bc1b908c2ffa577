"""Whole answers about company and regions, kept as long as nothing that they were made of has changed.

An answer follows from its question (unit, days, currency, language, the reader's branches) and from what its directory
stands for (`Directory.standing`): how far every branch in scope has been applied, its state, its own date and names, and
headquarters' own log (targets, rates, branches). Both are compared whole, so that an answer is never older than the
directory read with it and never meant for other branches. The directory is read before the cells: an answer made of
newer cells is made anew as soon as somebody reads the newer directory. Who asks while another makes the same answer waits
and takes it, when its making began after their own directory was read: a hundred pages that open at once have it made
two or three times and not a hundred.

Not kept: what was known at an earlier moment. Memory is bounded by the values of all answers together; the least
recently asked go first.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date
from time import monotonic
from weakref import WeakValueDictionary

from hq.figures.freshness import Directory, Standing
from hq.figures.shape import Figure, Question
from hq.figures.workings import Workings
from shared.database.access import database_name

VALUES_MOST = 250_000
"""Four boards of 1,000 branches, or hundreds of a small company."""


@dataclass
class Answer:
    """What was answered, when the branches stood so, and the workings behind it. `begun_at` (monotonic seconds): it holds
    everything that was there then."""

    standing: Standing
    days: tuple[date, ...]
    figure: Figure
    workings: Workings
    begun_at: float

    @property
    def values(self) -> int:
        return len(self.figure.rows) * len(self.figure.columns)

    def is_for(self, branches: Directory) -> bool:
        """Whether it is no older than these branches as they were read."""
        if self.standing == branches.standing:
            return True
        return self.begun_at >= branches.read_at and self.days == branches.days


Key = tuple[str, str, Question]

_answers: OrderedDict[Key, Answer] = OrderedDict()
_making: WeakValueDictionary[Key, asyncio.Lock] = WeakValueDictionary()


def forget() -> None:
    """Answer everything anew from now on."""
    _answers.clear()


async def answered(
    name: str, question: Question, branches: Directory, make: Callable[[Workings], Awaitable[Figure]]
) -> Figure:
    """The figure that `make` gives, or gave when the same was asked and nothing has changed since; with the question
    and the watermarks of now. `make` gets the workings of the time before."""
    database = database_name()
    if not database or question.known_at is not None:
        return await make(Workings())
    key = (database, name, replace(question, limit=0, offset=0))
    lock = _making.setdefault(key, asyncio.Lock())
    async with lock:
        held = _answers.get(key)
        if held is None or not held.is_for(branches):
            workings = held.workings if held is not None else Workings()
            begun_at = monotonic()
            figure = await make(workings)
            figure = replace(figure, added=figure.sums())
            held = _answers[key] = Answer(branches.standing, branches.days, figure, workings, begun_at)
    _answers.move_to_end(key)
    while len(_answers) > 1 and sum(answer.values for answer in _answers.values()) > VALUES_MOST:
        _answers.popitem(last=False)
    return replace(held.figure, question=question, watermarks=branches.marks)
