"""The stage of a seed: which branch, which days, what time it is there, and dice that always fall the same way."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from random import Random
from zoneinfo import ZoneInfo

from branch_node.seeding.write import Rows
from shared.canonical import to_micros
from shared.demo_company import DemoBranch, rate_e9
from shared.money import convert, exponent
from shared.periods import Month, add_months, local_date, zone

SECOND, MINUTE, HOUR = 1_000_000, 60_000_000, 3_600_000_000
OPENING_MINUTE, CLOSING_MINUTE = 9 * 60, 18 * 60

_HOLIDAYS = {
    "CN": ((1, 1), (5, 1), (10, 1), (10, 2), (10, 3)),
    "FR": ((1, 1), (5, 1), (7, 14), (8, 15), (11, 11), (12, 25)),
    "US": ((1, 1), (7, 4), (12, 25)),
    "JP": ((1, 1), (1, 2), (1, 3), (5, 3), (5, 4), (5, 5)),
}


@dataclass
class Scene:
    """One branch from `first` to `until` (its today); nothing happens after `now`.

    `scale` multiplies how many rows come, not how much money: the branch stays on its plan.
    """

    branch: DemoBranch
    seed: int
    months: int
    until: date
    now: datetime
    scale: float = 1.0
    rows: Rows = field(init=False)
    numbers: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rows = Rows(self.branch.code, self.dice("ids"))

    def dice(self, subject: str) -> Random:
        """A random source of its own for each subject: more customers do not change the expenses."""
        return Random(f"{self.seed} {self.branch.code} {subject}")

    def number(self, series: str, prefix: str, digits: int = 6) -> str:
        """The next number of a series, written as branch_node.numbers writes them."""
        self.numbers[series] = self.numbers.get(series, 0) + 1
        return f"{self.branch.code}-{prefix}{self.numbers[series]:0{digits}d}"

    @cached_property
    def tz(self) -> ZoneInfo:
        return zone(self.branch.timezone)

    @cached_property
    def first(self) -> date:
        """The first day of the books: the first of a month, so that `months` calendar months are covered."""
        return add_months(self.until.replace(day=1), 1 - self.months)

    @cached_property
    def calendar(self) -> list[Month]:
        """The months of the books; the last one runs to `until` only."""
        return [Month.containing(add_months(self.first, number)) for number in range(self.months)]

    @cached_property
    def now_micros(self) -> int:
        return to_micros(self.now)

    @cached_property
    def minutes_today(self) -> int:
        """Minutes of the working day that have passed at `now`: 0 before opening, 540 after closing."""
        local = self.now.astimezone(self.tz)
        if local.date() != self.until:
            return CLOSING_MINUTE - OPENING_MINUTE if local.date() > self.until else 0
        return min(max(local.hour * 60 + local.minute - OPENING_MINUTE, 0), CLOSING_MINUTE - OPENING_MINUTE)

    @cached_property
    def workdays(self) -> list[date]:
        """Working days from `first` to `until`; `until` itself counts whatever day it is, so that a demo that is
        looked at on a Sunday has a today."""
        span = (self.until - self.first).days
        days = [self.first + timedelta(days=number) for number in range(span)]
        return [*(day for day in days if self.is_workday(day)), self.until]

    @cached_property
    def past_workdays(self) -> list[date]:
        """The working days on which something may already have happened: without today before half past nine."""
        return self.workdays if self.minutes_today >= 30 else self.workdays[:-1]

    def is_workday(self, day: date) -> bool:
        return day.weekday() < 5 and (day.month, day.day) not in _HOLIDAYS.get(self.branch.country, ())

    def workdays_of(self, month: Month) -> list[date]:
        """Past working days of a month."""
        return [day for day in self.past_workdays if month.contains(day)]

    def passed_bp(self, month: Month) -> int:
        """How much of a month's working days is over, in basis points."""
        every = [day for day in month.days() if self.is_workday(day)]
        return min(len(self.workdays_of(month)) * 10_000 // max(len(every), 1), 10_000)

    def next_workday(self, day: date, count: int = 1) -> date:
        """The working day `count` working days after `day`, also beyond `until`; `day` itself for 0 if it is one."""
        while True:
            if self.is_workday(day):
                if count <= 0:
                    return day
                count -= 1
            day += timedelta(days=1)

    def later(self, day: date, days: int) -> date:
        """The first working day on or after `day` plus `days` calendar days."""
        return self.next_workday(day + timedelta(days=days), 0)

    def at(self, day: date, dice: Random, since: int = OPENING_MINUTE, before: int = CLOSING_MINUTE) -> int:
        """A moment of that day between two minutes of the local clock, microseconds UTC; never after `now`."""
        return self.instant(day, dice.randrange(since, max(before, since + 1)), dice.randrange(60))

    def instant(self, day: date, minute: int, second: int = 0) -> int:
        """The moment at a minute of the local clock, microseconds UTC.

        Of today only what has passed is there: its working hours shrink into the time from opening to `now`, which
        keeps the order of events; what lies after closing falls just before `now`.
        """
        passed = minute - OPENING_MINUTE
        if day >= self.until and 0 <= passed < CLOSING_MINUTE - OPENING_MINUTE:
            share = (passed * MINUTE + second * SECOND) * self.minutes_today
            return self._opening(day) + share // (CLOSING_MINUTE - OPENING_MINUTE)
        found = self._opening(day) + passed * MINUTE + second * SECOND
        return found if found < self.now_micros else self.now_micros - (86_400 - minute * 60 - second)

    def _opening(self, day: date) -> int:
        known = self._openings.get(day)
        if known is None:
            local = datetime(day.year, day.month, day.day, OPENING_MINUTE // 60, tzinfo=self.tz)
            known = self._openings[day] = to_micros(local.astimezone(UTC))
        return known

    @cached_property
    def _openings(self) -> dict[date, int]:
        return {}

    def wall(self, day: date, minute: int) -> int:
        """The moment when the clock on the wall shows that minute, microseconds UTC; at the latest just before `now`."""
        return min(self._opening(day) + (minute - OPENING_MINUTE) * MINUTE, self.now_micros - 1)

    def minute_of(self, at: int) -> int:
        """The minute of the local day at which a moment lies."""
        return (at - self._opening(self.day_of(at))) // MINUTE + OPENING_MINUTE

    def day_of(self, at: int) -> date:
        """The business date of a moment."""
        return local_date(datetime.fromtimestamp(at // SECOND, UTC), self.tz)

    def rate(self, currency: str, day: date) -> int:
        """The posting rate of a currency into the base currency on a day."""
        return rate_e9(currency, self.branch.currency, Month.containing(day))

    def base(self, minor: int, currency: str, rate: int) -> int:
        """Base amount of a posting."""
        return convert(minor, currency, self.branch.currency, rate)

    def round_price(self, minor: int, currency: str) -> int:
        """A price as people write it: whole units, from 1,000 up in tens."""
        unit = int(10 ** exponent(currency))
        step = unit * (10 if minor >= 1_000 * unit else 1)
        return max(minor // step * step, unit)

    def count(self, number: int) -> int:
        """A number of rows at this scale, at least one."""
        return max(round(number * self.scale), 1)

    def in_english(self, zh: str, en: str) -> str:
        """Working language: Chinese in Chinese branches, English elsewhere."""
        return zh if self.branch.language == "zh" else en
