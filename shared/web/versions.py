"""A value of a canonical row as people read it, for pages that show versions of a row column by column."""

from typing import Any

import msgspec

from shared.database.fields import from_micros
from shared.web.filters import instant

ID_SHOWN = 8


def value_text(name: str, value: Any) -> str | None:
    """The value of column `name`: instants as such, ids by their beginning; None for null."""
    if value is None:
        return None
    if name.endswith("_at") and isinstance(value, int):
        return str(instant(from_micros(value)))
    if not isinstance(value, str):
        return msgspec.json.encode(value).decode()
    return value[:ID_SHOWN] if name == "id" or name.endswith(("_id", "_by")) else value
