"""Which cells of the rollup make up a span of days: few rows, however long the history. Pure.

A span is days both included; no first day means from the beginning, no last day without end. Whole years and
months come from their own tiers. Where more than half of a month or year belongs to the span, the whole is taken and
the rest taken away: a running sum to today then reads the year and takes away a future that is empty.
"""

import calendar
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

DAY, MONTH, YEAR = "d", "m", "y"
BEGINNING, END = date(1, 1, 1), date(9999, 12, 31)


@dataclass(frozen=True)
class Piece:
    """Periods of one tier, added (sign 1) or taken away (sign -1); `first` and `last` as written in the cells."""

    tier: str
    first: str
    last: str
    sign: int = 1

    def in_months(self) -> "Piece":
        """The same piece without the tier of years, which the cells of a person lack."""
        return Piece(MONTH, f"{self.first}-01", f"{self.last}-12", self.sign) if self.tier == YEAR else self

    def periods(self) -> list[str]:
        """Every period between first and last."""
        if self.tier == YEAR:
            return [f"{year:04d}" for year in range(int(self.first), int(self.last) + 1)]
        if self.tier == MONTH:
            return [f"{month // 12:04d}-{month % 12 + 1:02d}" for month in _months(self.first, self.last)]
        start = date.fromisoformat(self.first)
        count = (date.fromisoformat(self.last) - start).days + 1
        return [(start + timedelta(days=number)).isoformat() for number in range(count)]


def _months(first: str, last: str) -> range:
    return range(_month_number(first), _month_number(last) + 1)


def _month_number(text: str) -> int:
    return int(text[:4]) * 12 + int(text[5:7]) - 1


@lru_cache(maxsize=4096)
def pieces(first: date | None, last: date | None, horizon: date) -> tuple[Piece, ...]:
    """The cells of a span. `horizon` is the last day that can hold rows: days after it cost nothing to read.

    An empty span (last before first) has no pieces.
    """
    start, end = first or BEGINNING, last or END
    if start > end:
        return ()
    if start.year == end.year:
        return tuple(_in_year(start, end, horizon))
    found = [*_in_year(start, date(start.year, 12, 31), horizon)] if start > BEGINNING else []
    tail = [*_in_year(date(end.year, 1, 1), end, horizon)] if end < END else []
    low = start.year + 1 if start > BEGINNING else 1
    high = end.year - 1 if end < END else 9999
    whole = [Piece(YEAR, f"{low:04d}", f"{high:04d}")] if low <= high else []
    return tuple(_joined([*found, *whole, *tail]))


def _joined(found: Iterable[Piece]) -> Iterator[Piece]:
    """Neighbouring spans of years as one."""
    held: Piece | None = None
    for piece in found:
        if held and piece.tier == YEAR == held.tier and piece.sign == held.sign == 1:
            held = Piece(YEAR, held.first, piece.last)
            continue
        if held:
            yield held
        held = piece
    if held:
        yield held


def _in_year(start: date, end: date, horizon: date) -> list[Piece]:
    """Days of one year: its months, or the year less the months at its ends; whatever reads fewer periods."""
    year_start, year_end = date(start.year, 1, 1), date(start.year, 12, 31)
    if (start, end) == (year_start, year_end):
        return [Piece(YEAR, f"{start.year:04d}", f"{start.year:04d}")]
    inside = _by_months(start, end, horizon)
    around = [Piece(YEAR, f"{start.year:04d}", f"{start.year:04d}")]
    if start > year_start:
        around += _negative(_by_months(year_start, start - timedelta(days=1), horizon))
    if end < year_end:
        around += _negative(_by_months(end + timedelta(days=1), year_end, horizon))
    return min(inside, around, key=lambda found: _cost(found, horizon))


def _negative(found: Iterable[Piece]) -> list[Piece]:
    return [Piece(piece.tier, piece.first, piece.last, -piece.sign) for piece in found]


def _by_months(start: date, end: date, horizon: date) -> list[Piece]:
    """Days of one year as whole months and the days at both ends."""
    if start.month == end.month:
        return _in_month(start, end, horizon)
    head = _in_month(start, _month_end(start), horizon)
    tail = _in_month(end.replace(day=1), end, horizon)
    middle = []
    if end.month - start.month > 1:
        middle = [
            Piece(MONTH, f"{start.year:04d}-{start.month + 1:02d}", f"{end.year:04d}-{end.month - 1:02d}")
        ]
    return list(_months_joined([*head, *middle, *tail]))


def _months_joined(found: list[Piece]) -> Iterator[Piece]:
    """Neighbouring whole months as one piece; what is taken away stays as it is."""
    months = [piece for piece in found if piece.tier == MONTH and piece.sign == 1]
    if months:
        yield Piece(MONTH, months[0].first, months[-1].last)
    yield from (piece for piece in found if not (piece.tier == MONTH and piece.sign == 1))


def _in_month(start: date, end: date, horizon: date) -> list[Piece]:
    """Days of one month: themselves, or the month less the days at its ends."""
    month_start, month_end = start.replace(day=1), _month_end(start)
    if (start, end) == (month_start, month_end):
        return [Piece(MONTH, start.isoformat()[:7], start.isoformat()[:7])]
    inside = [Piece(DAY, start.isoformat(), end.isoformat())]
    around = [Piece(MONTH, start.isoformat()[:7], start.isoformat()[:7])]
    if start > month_start:
        before = start - timedelta(days=1)
        around.append(Piece(DAY, month_start.isoformat(), before.isoformat(), -1))
    if end < month_end:
        after = end + timedelta(days=1)
        around.append(Piece(DAY, after.isoformat(), month_end.isoformat(), -1))
    return min(inside, around, key=lambda found: _cost(found, horizon))


def _month_end(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def _cost(found: Iterable[Piece], horizon: date) -> int:
    """How many periods up to the horizon are read."""
    return sum(_periods_to(piece, horizon) for piece in found)


def _periods_to(piece: Piece, horizon: date) -> int:
    text = horizon.isoformat()
    if piece.tier == YEAR:
        return max(min(int(piece.last), horizon.year) - int(piece.first) + 1, 0)
    if piece.tier == MONTH:
        return max(min(_month_number(piece.last), _month_number(text)) - _month_number(piece.first) + 1, 0)
    last = min(date.fromisoformat(piece.last), horizon)
    return max((last - date.fromisoformat(piece.first)).days + 1, 0)
