"""When a window is on. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

PERIODS: Mapping[str, timedelta] = {"daily": timedelta(days=1), "weekly": timedelta(days=7)}
LONGEST = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Window:
    """Of a branch, a node, or everything (both empty); with `repeats` (a key of PERIODS) again and again from `starts_at`."""

    starts_at: datetime
    ends_at: datetime
    branch: str = ""
    node: str = ""
    repeats: str = ""
    ended_at: datetime | None = None

    def is_for(self, node: str, branch: str) -> bool:
        if self.node:
            return self.node == node
        return not self.branch or self.branch == branch

    def on_until(self, now: datetime) -> datetime | None:
        """When the window that is on now ends; None when it is not on."""
        if self.ended_at is not None and self.ended_at <= now:
            return None
        start, end = self._round(now)
        return end if start <= now < end else None

    def next_start(self, now: datetime) -> datetime | None:
        """When it begins next; None when it is over for good."""
        if self.ended_at is not None and self.ended_at <= now:
            return None
        start, _end = self._round(now)
        if start > now:
            return start
        return start + PERIODS[self.repeats] if self.repeats else None

    def _round(self, now: datetime) -> tuple[datetime, datetime]:
        """The latest round that has begun, or the first."""
        if not self.repeats or now < self.starts_at:
            return self.starts_at, self.ends_at
        period = PERIODS[self.repeats]
        shift = (now - self.starts_at) // period * period
        return self.starts_at + shift, self.ends_at + shift


def maintained_until(windows: Iterable[Window], node: str, branch: str, now: datetime) -> datetime | None:
    """The latest end of the windows that hold a node now; None when none does."""
    ends = [end for window in windows if window.is_for(node, branch) and (end := window.on_until(now))]
    return max(ends, default=None)
