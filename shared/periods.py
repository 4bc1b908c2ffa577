"""Business time: days, months, quarters, years and fiscal periods as half-open values, and 'today' in a zone.

Pure. A business date is a `date` in the branch's zone, set once; instants are aware and in UTC (shared.clock).
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import ClassVar, TypeVar
from zoneinfo import ZoneInfo

from shared.errors import Conflict, Invalid
from shared.i18n import N_

P = TypeVar("P", bound="Period")

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)
"""What is dated outside is a slip of the hand."""


@cache
def zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name such as Asia/Shanghai; Invalid when there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise Invalid(N_('There is no time zone "%(name)s".'), code="timezone.unknown", name=name) from None


def local_date(now: datetime, tz: ZoneInfo | str) -> date:
    """The business date of an instant: what the calendar on the wall says in that zone. ValueError when naive."""
    if now.tzinfo is None:
        raise ValueError("an instant needs its offset")
    return now.astimezone(zone(tz) if isinstance(tz, str) else tz).date()


def start_of_day(day: date, tz: ZoneInfo | str) -> datetime:
    """The first instant of a date in a zone, in UTC; where clocks skip midnight, the instant of the skip."""
    return datetime.combine(day, time(), zone(tz) if isinstance(tz, str) else tz).astimezone(UTC)


@dataclass(frozen=True, order=True)
class Period:
    """The dates from `first` up to but not including `after`. Day, Month, Quarter and Year are made by their `of`."""

    first: date
    after: date

    pattern: ClassVar[re.Pattern[str]] = re.compile(r"(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)")

    def __post_init__(self) -> None:
        for bound in (self.first, self.after):
            if type(bound) is not date:
                raise TypeError(f"a period is bounded by dates, not {bound!r}")
        if self.first >= self.after:
            raise ValueError(f"a period must not be empty: {self.first} to {self.after}")

    @property
    def last(self) -> date:
        """The last date that belongs to it."""
        return self.after - timedelta(days=1)

    @property
    def day_count(self) -> int:
        return (self.after - self.first).days

    def contains(self, day: date) -> bool:
        return self.first <= day < self.after

    def days(self) -> Iterator[date]:
        return (self.first + timedelta(days=number) for number in range(self.day_count))

    def instants(self, tz: ZoneInfo | str) -> tuple[datetime, datetime]:
        """First instant and first instant after it, in UTC, for columns that hold instants."""
        return start_of_day(self.first, tz), start_of_day(self.after, tz)

    def next(self: P, count: int = 1) -> P:
        """The period of the same kind `count` further on; a free span moves by its own length."""
        step = timedelta(days=self.day_count * count)
        return type(self)(self.first + step, self.after + step)

    def previous(self: P, count: int = 1) -> P:
        return self.next(-count)

    def __str__(self) -> str:
        return f"{self.first}..{self.after}"


class Day(Period):
    """One date."""

    pattern = re.compile(r"(\d{4})-(\d\d)-(\d\d)")

    @classmethod
    def of(cls, day: date) -> Day:
        return cls(day, day + timedelta(days=1))

    def __str__(self) -> str:
        return self.first.isoformat()


class Month(Period):
    """A calendar month."""

    pattern = re.compile(r"(\d{4})-(\d\d)")

    @classmethod
    def of(cls, year: int, month: int) -> Month:
        return cls(date(year, month, 1), _months_later(date(year, month, 1), 1))

    @classmethod
    def containing(cls, day: date) -> Month:
        return cls.of(day.year, day.month)

    def next(self, count: int = 1) -> Month:
        return Month.containing(_months_later(self.first, count))

    def same_of_last_year(self) -> Month:
        return self.previous(12)

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"


class Quarter(Period):
    """Three calendar months."""

    pattern = re.compile(r"(\d{4})-Q([1-4])")

    @classmethod
    def of(cls, year: int, quarter: int) -> Quarter:
        first = date(year, quarter * 3 - 2, 1)
        return cls(first, _months_later(first, 3))

    @classmethod
    def containing(cls, day: date) -> Quarter:
        return cls.of(day.year, (day.month + 2) // 3)

    def next(self, count: int = 1) -> Quarter:
        return Quarter.containing(_months_later(self.first, 3 * count))

    def months(self) -> list[Month]:
        return [Month.containing(self.first).next(number) for number in range(3)]

    def __str__(self) -> str:
        return f"{self.first.year:04d}-Q{(self.first.month + 2) // 3}"


class Year(Period):
    """A calendar year."""

    pattern = re.compile(r"(\d{4})")

    @classmethod
    def of(cls, year: int) -> Year:
        return cls(date(year, 1, 1), date(year + 1, 1, 1))

    @classmethod
    def containing(cls, day: date) -> Year:
        return cls.of(day.year)

    def next(self, count: int = 1) -> Year:
        return Year.of(self.first.year + count)

    def months(self) -> list[Month]:
        return [Month.of(self.first.year, number) for number in range(1, 13)]

    def __str__(self) -> str:
        return f"{self.first.year:04d}"


def parse(text: str) -> Period:
    """The period written as 2026-11-22, 2026-11, 2026-Q4, 2026 or 2026-11-01..2026-12-01 (the end not included).

    The same that str() of a period writes. Invalid when it is none of these.
    """
    try:
        for kind in (Day, Month, Quarter, Year, Period):
            match = kind.pattern.fullmatch(text)
            if match and kind is Day:
                return Day.of(day_in(text))
            if match and kind is Period:
                return Period(day_in(match[1]), day_in(match[2]))
            if match and FIRST_DAY.year <= int(match[1]) <= LAST_DAY.year:
                return kind.of(*map(int, match.groups()))  # type: ignore[attr-defined, no-any-return]
    except (ValueError, OverflowError):
        pass
    raise Invalid(
        N_('"%(text)s" is not a period. Write it like 2026-11-22, 2026-11, 2026-Q4 or 2026.'),
        code="period.unreadable",
        text=text,
    )


def day_in(text: str) -> date:
    """The day written as 2026-11-22; ValueError for what is no day or lies outside of FIRST_DAY to LAST_DAY, next to which
    there are days and instants to compute with."""
    found = date.fromisoformat(text)
    if not FIRST_DAY <= found <= LAST_DAY:
        raise ValueError(f"{text} lies outside of the calendar")
    return found


def days_between(start: date, end: date) -> int:
    """Whole days from `start` to `end`, negative when end is earlier."""
    return (end - start).days


def add_months(day: date, count: int) -> date:
    """The same day of the month `count` months later, the last day where that month is shorter."""
    first = _months_later(day.replace(day=1), count)
    return first.replace(day=min(day.day, calendar.monthrange(first.year, first.month)[1]))


def _months_later(first: date, count: int) -> date:
    year, month = divmod(first.year * 12 + first.month - 1 + count, 12)
    return date(year, month + 1, 1)


# --- fiscal periods -------------------------------------------------------------------------------------------


@dataclass(frozen=True, order=True)
class FiscalPeriod(Period):
    """A row of the company's calendar; `closed` refuses postings."""

    code: str
    closed: bool = False

    def __str__(self) -> str:
        return self.code


class FiscalCalendar:
    """The fiscal periods of a company: any length, no gap, no overlap.

    Rows are (code, first, after, closed) in any order. Invalid, naming the rows, when they do not join up.
    """

    def __init__(self, rows: Iterable[tuple[str, date, date, bool]]) -> None:
        self.periods = tuple(
            sorted(FiscalPeriod(first, after, code, closed) for code, first, after, closed in rows)
        )
        codes = [period.code for period in self.periods]
        for code in codes:
            if codes.count(code) > 1:
                raise Invalid(
                    N_("Two fiscal periods have the code %(which)s."), code="calendar.duplicate", which=code
                )
        for one, other in zip(self.periods, self.periods[1:], strict=False):
            if other.first < one.after:
                raise Invalid(
                    N_("The fiscal periods %(one)s and %(other)s overlap."),
                    code="calendar.overlap",
                    one=one.code,
                    other=other.code,
                )
            if other.first > one.after:
                raise Invalid(
                    N_("No fiscal period covers %(first)s to %(last)s."),
                    code="calendar.gap",
                    first=one.after,
                    last=other.first - timedelta(days=1),
                )

    def period_of(self, day: date) -> FiscalPeriod:
        """The one period that holds a date; Invalid when the calendar does not reach it."""
        for period in self.periods:
            if period.contains(day):
                return period
        raise Invalid(
            N_("No fiscal period holds %(day)s. Extend the fiscal calendar first."),
            code="calendar.missing",
            day=day,
        )

    def require_open(self, day: date) -> FiscalPeriod:
        """The period for a posting on `day`; Conflict (period.closed), naming the next open one, when closed."""
        period = self.period_of(day)
        if not period.closed:
            return period
        following = next((later for later in self.periods if later.first > day and not later.closed), None)
        if following is None:
            raise Conflict(
                N_("%(period)s is closed. Ask finance to reopen it or to open the next period."),
                code="period.closed",
                period=period.code,
            )
        raise Conflict(
            N_("%(period)s is closed. Post into %(next)s or ask finance to reopen it."),
            code="period.closed",
            period=period.code,
            next=following.code,
        )
