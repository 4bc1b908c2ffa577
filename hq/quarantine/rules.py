"""What is wrong with a row that was set aside, and how corrected values are typed. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from shared.replication.mend import FIXED

KINDS: Mapping[str, tuple[type, ...]] = {"integer": (int,), "boolean": (bool,)}


class Column(Protocol):
    """Of a travelling column (shared.replication.columns) what is looked at here."""

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def is_added(self) -> bool: ...


def row_of(text: str | None) -> dict[str, Any]:
    """The columns of a row as it came; empty for a deletion or for what is no row at all."""
    try:
        found = msgspec.json.decode((text or "").encode())
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def wrong_columns(columns: Sequence[Column], row: Mapping[str, Any]) -> dict[str, str]:
    """Columns of a row that this release cannot take, with why: missing | kind | unknown."""
    names = {column.name for column in columns}
    wrong = {name: "unknown" for name in row if name not in names}
    for column in columns:
        if column.name not in row:
            wrong.update({} if column.is_added else {column.name: "missing"})
        elif row[column.name] is not None and type(row[column.name]) not in KINDS.get(column.kind, (str,)):
            wrong[column.name] = "kind"
    return wrong


def typed_lines(text: str, columns: Sequence[Column]) -> tuple[dict[str, str | int | bool | None], str]:
    """Values typed as `column = value`, one a line, and the first line that cannot be used ("" when all can)."""
    kinds = {column.name: column.kind for column in columns if column.name not in FIXED}
    values: dict[str, str | int | bool | None] = {}
    for line in filter(None, (one.strip() for one in text.splitlines())):
        name, equals, value = (part.strip() for part in line.partition("="))
        if not equals or name not in kinds:
            return {}, line
        read = typed(value, kinds[name])
        if read is NOTHING:
            return {}, line
        values[name] = read
    return values, ""


NOTHING: Any = object()


def typed(value: str, kind: str) -> Any:
    """One value in the column's kind; NOTHING when it is none. Without a value: null."""
    if value in ("", "null"):
        return None
    if kind == "boolean":
        return {"true": True, "false": False}.get(value, NOTHING)
    if kind == "integer":
        return int(value) if re.fullmatch(r"-?\d{1,18}", value, re.ASCII) else NOTHING
    return value
