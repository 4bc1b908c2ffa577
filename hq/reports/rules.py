"""Which period a pack is due for, and the views it may hold. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal
from urllib.parse import urlencode

from shared.i18n import N_
from shared.periods import Day, Month, Period, zone

Rhythm = Literal["daily", "weekly", "monthly"]
RHYTHMS: Mapping[str, str] = {
    "daily": N_("Every day"),
    "weekly": N_("Every week"),
    "monthly": N_("Every month"),
}


@dataclass(frozen=True)
class Content:
    """A view of a pack: where it stands, which of its days the period sets (`period`, `last` day, `as_of` or none), and
    the figure that is its sheet, "" for none."""

    title: str
    path: str
    days: Literal["period", "last", "as_of", ""]
    figure: str = ""


VIEWS: Mapping[str, Content] = {
    "overview": Content(N_("Overview"), "/", "period"),
    "compare": Content(N_("Compare"), "/compare", "period"),
    "receivables": Content(N_("Receivables"), "/receivables", "as_of", "receivables"),
    "targets": Content(N_("Targets"), "/targets", "as_of", "targets"),
    "profit": Content(N_("Profit"), "/profit", "period", "profit"),
    "staff": Content(N_("Staff"), "/staff", "last", "staff-activity"),
    "sales": Content(N_("Sales"), "/sales", "period", "sales"),
    "customers": Content(N_("Newest customers"), "/customers", "period", "newest-customers"),
    "pipeline": Content(N_("Pipeline"), "/pipeline", "period"),
    "warnings": Content(N_("Warnings"), "/warnings", ""),
}


def query_of(content: Content, period: Period, branches: list[str] | None) -> str:
    """What the address of a view says for a period and the branches of a pack."""
    last = period.last.isoformat()
    days = {"period": str(period), "last": last, "as_of": last, "": ""}[content.days]
    name = {"last": "period"}.get(content.days, content.days)
    pairs = {name: days, "within": ",".join(branches or [])}
    return urlencode({key: value for key, value in pairs.items() if key and value})


@dataclass(frozen=True)
class Timing:
    """When a pack comes: its rhythm and the hour of its recipient's day."""

    rhythm: str
    weekday: int
    month_day: int
    at: time

    def is_day(self, moment: datetime) -> bool:
        """Whether a pack comes on this day."""
        if self.rhythm == "weekly":
            return moment.isoweekday() == self.weekday
        return self.rhythm == "daily" or moment.day == self.month_day

    def latest(self, now: datetime, timezone: str) -> datetime:
        """The last occasion at or before `now`, in the recipient's zone."""
        return self._from(now.astimezone(zone(timezone)), -1)

    def following(self, now: datetime, timezone: str) -> datetime:
        """The first occasion after `now`."""
        return self._from(now.astimezone(zone(timezone)), 1)

    def _from(self, local: datetime, step: int) -> datetime:
        """The nearest occasion in one direction; a month at most away."""
        for days in range(32):
            day = (local + timedelta(days=step * days)).date()
            found = datetime.combine(day, self.at, tzinfo=local.tzinfo)
            if self.is_day(found) and (found <= local if step < 0 else found > local):
                return found
        raise ValueError(f"no occasion: {self}")

    def period(self, occasion: datetime) -> Period:
        """What a pack of this occasion is about: the day, the week from Monday, or the month before."""
        day = occasion.date()
        if self.rhythm == "monthly":
            return Month.containing(day).previous()
        if self.rhythm == "weekly":
            monday = day - timedelta(days=day.weekday())
            return Period(monday - timedelta(days=7), monday)
        return Day.of(day).previous()


def clock_of(text: str) -> time | None:
    """07:30 as a time of the day; None for what is none."""
    try:
        return time.fromisoformat(text.strip()) if len(text.strip()) == 5 else None
    except ValueError:
        return None
