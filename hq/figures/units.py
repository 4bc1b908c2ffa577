"""Defaults of a question: its days and what its rows are."""

from collections.abc import Sequence
from datetime import date, timedelta

from hq.figures.shape import Question
from shared.errors import Invalid
from shared.i18n import N_
from shared.periods import Day, Month, Period, Quarter, Year


def month_of(question: Question) -> tuple[date, date]:
    """First and last day asked for; the running month of headquarters where nothing is asked. Invalid when reversed."""
    month = Month.containing(question.first or question.last or question.house.today())
    first = question.first or (min(month.first, question.last) if question.last else month.first)
    last = question.last or max(month.last, first)
    if last < first:
        raise Invalid(
            N_("The last day %(last)s lies before the first day %(first)s. Exchange them."),
            code="period.reversed",
            first=first,
            last=last,
        )
    return first, last


def require_by(by: str, allowed: Sequence[str]) -> str:
    """What the rows are; Invalid, naming the choices, for anything else."""
    if by not in allowed:
        raise Invalid(
            N_("Rows by %(by)s are not offered here; choose one of %(choices)s."),
            code="by.unknown",
            by=by,
            choices=", ".join(allowed),
        )
    return by


def scope_of(question: Question, codes: frozenset[str]) -> frozenset[str] | None:
    """The branches to bind in SQL; None when the question reaches all of them."""
    is_whole = question.branches is None and question.unit.kind == "company" and not question.left_out
    return None if is_whole else codes


def named_period(first: date, last: date) -> Period:
    """The day, month, quarter or year that these days are, else a free span."""
    after = last + timedelta(days=1)
    for kind in (Month, Quarter, Year):
        found: Period = kind.containing(last)
        if (found.first, found.after) == (first, after):
            return found
    return Day.of(first) if first == last else Period(first, after)
