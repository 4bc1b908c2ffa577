"""Column types that read the same on SQLite and PostgreSQL, so that a row has one canonical form."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tortoise.exceptions import ValidationError
from tortoise.fields import BigIntField
from tortoise.fields.base import Field
from tortoise.models import Model

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def to_micros(at: datetime) -> int:
    """Microseconds since 1970-01-01 UTC. Raises ValidationError for a naive datetime."""
    if at.tzinfo is None:
        raise ValidationError("a point in time needs a time zone")
    return (at - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    """The aware UTC datetime of microseconds since 1970-01-01."""
    return EPOCH + timedelta(microseconds=micros)


class InstantField(BigIntField):
    """A point in time: BIGINT microseconds UTC in the database, an aware datetime in Python."""

    field_type = datetime

    def to_db_value(self, value: Any, instance: type[Model] | Model) -> int | None:
        if value is None or isinstance(value, int):
            return value
        return to_micros(value)

    def to_python_value(self, value: Any) -> datetime | None:
        if value is None or isinstance(value, datetime):
            return value
        return from_micros(int(value))


def canonical_json(value: Any) -> str:
    """Compact JSON with sorted keys: the one text form of a JSON value."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


class JsonField(Field[Any]):
    """A JSON value kept as canonical text (TEXT in both engines; never queried by path)."""

    SQL_TYPE = "TEXT"
    field_type = dict
    indexable = False

    def to_db_value(self, value: Any, instance: type[Model] | Model) -> str | None:
        if value is None:
            return None
        return value if isinstance(value, str) else canonical_json(value)

    def to_python_value(self, value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) else value
