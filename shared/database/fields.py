"""Column types that read the same on SQLite and PostgreSQL, so that a row has one canonical form."""

import json
from datetime import datetime
from typing import Any

from tortoise.fields import BigIntField
from tortoise.fields.base import Field
from tortoise.models import Model

from shared.canonical import canonical_json, from_micros, to_micros


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
