"""How far a recipient got with a directive: only forward; and what is late. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

STEPS = ("delivered", "read", "acknowledged", "done")


def reached(status: str, step: str) -> bool:
    """Whether somebody at `status` ("": not delivered) has got as far as `step`."""
    return status in STEPS and STEPS.index(status) >= STEPS.index(step)


def advanced(status: str, step: str) -> str:
    """The status after a step: never back, so steps may be repeated and arrive in any order."""
    return status if reached(status, step) else step


def steps_between(status: str, step: str) -> tuple[str, ...]:
    """The steps that a move to `step` makes, those that were passed over included: who has done it has read it."""
    first = STEPS.index(status) + 1 if status in STEPS else 0
    return STEPS[first : STEPS.index(step) + 1]


def is_late(status: str, deadline_on: date | None, today: date) -> bool:
    """The deadline has passed and it is not done."""
    return deadline_on is not None and deadline_on < today and not reached(status, "done")


def is_past(not_after: datetime | None, now: datetime) -> bool:
    """Nobody should act on it any more: it came, or was opened, after its last moment."""
    return not_after is not None and not_after < now


def is_reminded(status: str, acknowledged_at: datetime | None, reminded_at: datetime | None) -> bool:
    """Headquarters asked again and the recipient has not acknowledged since it was issued."""
    return reminded_at is not None and acknowledged_at is None and not reached(status, "acknowledged")


@dataclass(frozen=True)
class Counts:
    """How many recipients got at least as far as each step."""

    total: int
    delivered: int
    read: int
    acknowledged: int
    done: int


def counted(statuses: Iterable[str]) -> Counts:
    """Of the status of every recipient ("": not delivered). Each step includes those who got further."""
    found = list(statuses)
    return Counts(len(found), *(sum(1 for status in found if reached(status, step)) for step in STEPS))
