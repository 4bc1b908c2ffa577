"""When a window is on. Pure.

A window that repeats does so by the clock on the wall of whoever made it: 02:30 stays 02:30 when summer time begins or
ends, and the window keeps its length. Where the clock jumps over 02:30 it begins when that much of the night is over, at
03:30; where the clock shows 02:30 twice, at the first. In a month without the day it is the month's last day.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

PERIODS: Mapping[str, timedelta] = {
    "daily": timedelta(days=1),
    "weekly": timedelta(days=7),
    "monthly": timedelta(days=28),
}
"""The shortest time between two rounds."""
LONGEST = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Window:
    """Of a branch, a node, or everything (both empty); with `repeats` (a key of PERIODS) again and again from `starts_at`,
    by the clock of `zone`."""

    starts_at: datetime
    ends_at: datetime
    branch: str = ""
    node: str = ""
    repeats: str = ""
    ended_at: datetime | None = None
    zone: str = "UTC"

    def is_for(self, node: str, branch: str) -> bool:
        if self.node:
            return self.node == node
        return not self.branch or self.branch == branch

    def on_until(self, now: datetime) -> datetime | None:
        """When the window that is on now ends; None when it is not on."""
        if self.ended_at is not None and self.ended_at <= now:
            return None
        start = self.start_of(self._latest(now))
        end = start + (self.ends_at - self.starts_at)
        return end if start <= now < end else None

    def next_start(self, now: datetime) -> datetime | None:
        """When it begins next; None when it is over for good."""
        if self.ended_at is not None and self.ended_at <= now:
            return None
        number = self._latest(now)
        if (start := self.start_of(number)) > now:
            return start
        return self.start_of(number + 1) if self.repeats else None

    def start_of(self, number: int) -> datetime:
        """The beginning of a round; the first is number 0."""
        if number == 0:
            return self.starts_at
        first = self.starts_at.astimezone(ZoneInfo(self.zone))
        day = _later(first.date(), self.repeats, number)
        return datetime.combine(day, first.time(), first.tzinfo).astimezone(UTC)

    def _latest(self, now: datetime) -> int:
        """The number of the latest round that has begun, or of the first."""
        if not self.repeats or now < self.starts_at:
            return 0
        zone = ZoneInfo(self.zone)
        number = _rounds(self.starts_at.astimezone(zone).date(), now.astimezone(zone).date(), self.repeats)
        while number > 0 and self.start_of(number) > now:
            number -= 1
        return number


def _later(day: date, repeats: str, number: int) -> date:
    if repeats != "monthly":
        return day + number * PERIODS[repeats]
    year, month = divmod(day.year * 12 + day.month - 1 + number, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _rounds(first: date, last: date, repeats: str) -> int:
    """At least as many rounds as begin after the first until the end of the last day."""
    if repeats == "monthly":
        return (last.year - first.year) * 12 + last.month - first.month
    return (last - first) // PERIODS[repeats]


def maintained_until(windows: Iterable[Window], node: str, branch: str, now: datetime) -> datetime | None:
    """The latest end of the windows that hold a node now; None when none does."""
    ends = [end for window in windows if window.is_for(node, branch) and (end := window.on_until(now))]
    return max(ends, default=None)
