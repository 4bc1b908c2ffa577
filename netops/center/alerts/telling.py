"""What a channel is told and when. Pure.

A first trouble waits `group_seconds` for others of the same cause; then everything new, ended or due again goes in one
notification. Within `interval_seconds` of the last one only the gravest (severity 1) are told. What nobody acknowledged is
told again after `repeat_seconds`. What came from a spool, is snoozed, lies in maintenance or is explained by another
incident is not told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

GRAVEST = 1


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds; see above."""

    group_seconds: float
    interval_seconds: float
    repeat_seconds: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """An incident as a channel sees it; instants in seconds. `told_open` and `told_closed`: when it was told of each."""

    id: str
    severity: int
    known_at: float
    is_open: bool
    is_acknowledged: bool = False
    is_quiet: bool = False
    told_open: float | None = None
    told_closed: float | None = None


@dataclass(frozen=True, slots=True)
class Telling:
    """One notification: ids of what is new, what is told again, what has ended."""

    new: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.new or self.again or self.ended)


def telling(candidates: Sequence[Candidate], last_told: float | None, at: float, pace: Pace) -> Telling:
    """What to tell now; empty when nothing is due."""
    loud = [one for one in candidates if not one.is_quiet]
    new = [one for one in loud if one.is_open and one.told_open is None]
    ended = [
        one for one in candidates if not one.is_open and one.told_open is not None and one.told_closed is None
    ]
    again = [
        one
        for one in loud
        if one.is_open
        and not one.is_acknowledged
        and one.told_open is not None
        and at - one.told_open >= pace.repeat_seconds
    ]
    ripe = [one for one in new if at - one.known_at >= pace.group_seconds]
    is_free = last_told is None or at - last_told >= pace.interval_seconds
    is_grave = any(one.severity <= GRAVEST for one in ripe)
    if not is_grave and not (is_free and (ripe or ended or again)):
        return Telling()
    return Telling(
        tuple(one.id for one in new), tuple(one.id for one in again), tuple(one.id for one in ended)
    )
