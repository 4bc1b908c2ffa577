"""Values in the one form in which they are stored, hashed and compared: instants as microseconds, JSON as canonical text."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def to_micros(at: datetime) -> int:
    """Microseconds since 1970-01-01 UTC. Raises ValueError for a naive datetime."""
    if at.tzinfo is None:
        raise ValueError("a point in time needs a time zone")
    return (at - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    """The aware UTC datetime of microseconds since 1970-01-01."""
    return EPOCH + timedelta(microseconds=micros)


def canonical_json(value: Any) -> str:
    """Compact JSON with sorted keys: the one text form of a JSON value."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
