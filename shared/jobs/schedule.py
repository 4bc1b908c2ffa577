"""When a job runs by itself: every so many seconds, or at a time of day in the branch's zone. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo


class Schedule(Protocol):
    """The occasions of a job."""

    def next_after(self, instant: datetime, tz: ZoneInfo) -> datetime:
        """The first occasion later than `instant`, in UTC."""
        ...


@dataclass(frozen=True)
class Every:
    """Every `seconds`, counted from midnight UTC, so that two schedulers agree on the occasions.

    ValueError unless the seconds divide a day: else the last step of a day would be shorter.
    """

    seconds: int

    def __post_init__(self) -> None:
        if self.seconds < 1 or 86_400 % self.seconds:
            raise ValueError(f"{self.seconds} seconds do not divide a day")

    def next_after(self, instant: datetime, tz: ZoneInfo) -> datetime:
        whole = int(instant.timestamp()) // self.seconds
        return datetime.fromtimestamp((whole + 1) * self.seconds, UTC)


@dataclass(frozen=True)
class At:
    """Each day at a time of day; only on one weekday (0 is Monday) or one day of the month when given.

    Where clocks are put forward over that time it runs an hour later, where they are put back it runs once.
    """

    time: time
    weekday: int | None = None
    day: int | None = None

    def next_after(self, instant: datetime, tz: ZoneInfo) -> datetime:
        today = instant.astimezone(tz).date()
        # one day back: the occasion of a skipped time lies on the day before its own wall clock
        for ahead in range(-1, 366):
            occasion = self._occasion(today + timedelta(days=ahead), tz)
            if occasion is not None and occasion > instant:
                return occasion
        raise ValueError(f"{self} never comes")

    def _occasion(self, on: date, tz: ZoneInfo) -> datetime | None:
        if self.weekday not in (None, on.weekday()) or self.day not in (None, on.day):
            return None
        return datetime.combine(on, self.time, tz).astimezone(UTC)


def at(text: str, *, weekday: int | None = None, day: int | None = None) -> At:
    """`at("23:55")` daily, `at("08:00", weekday=0)` on Mondays, `at("02:00", day=1)` on the first of a month."""
    return At(time.fromisoformat(text), weekday, day)
