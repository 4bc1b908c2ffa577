"""When a shared link is alive, and what may be seen through it. Pure."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from hq.people.rules import common, within_both
from shared.permissions import Person

DAYS = (1, 7, 30)


def is_alive(expires_at: datetime, revoked_at: datetime | None, now: datetime) -> bool:
    """Whether the link has neither expired nor been revoked."""
    return revoked_at is None and now < expires_at


def seen_through(sharer: Person, branches: Collection[str] | None, reader: Person | None) -> Person:
    """Who looks through a link: the sharer as of now, within the branches of when it was shared, and within what the reader
    may see where the reader is somebody of headquarters."""
    frozen = None if branches is None else frozenset(branches)
    eyes = replace(sharer, branches=common(sharer.branches, frozen))
    if reader is None:
        return eyes
    return replace(within_both(eyes, reader), timezone=reader.timezone)
