"""Which rows of headquarters go to which branch. Pure."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import msgspec

Row = Mapping[str, Any]
Units = Mapping[UUID, tuple[str, str]]
"""Of a target: the kind of its unit and the branch it belongs to, by the target's id."""


def _directive(row: Row, code: str, _units: Units) -> bool:
    return row["issued_at"] is not None and _is_addressed(row, code, _units)


def _is_addressed(row: Row, code: str, _units: Units) -> bool:
    return code in msgspec.json.decode(row["audience"])


def _recipient(row: Row, code: str, _units: Units) -> bool:
    return bool(row["unit_branch"] == code)


def _news(row: Row, _code: str, _units: Units) -> bool:
    return bool(row["selected"])


def _target(row: Row, code: str, _units: Units) -> bool:
    return _unit_reaches(row["unit_kind"], row["unit_branch"], code)


def _target_line(row: Row, code: str, units: Units) -> bool:
    unit = units.get(UUID(row["target_id"]))
    return unit is None or _unit_reaches(*unit, code)


def _unit_reaches(kind: str, branch: str, code: str) -> bool:
    return kind == "company" or branch == code


RULES: Mapping[str, Callable[[Row, str, Units], bool]] = {
    "directive": _directive,
    "directive_file": _is_addressed,
    "directive_recipient": _recipient,
    "news_item": _news,
    "target": _target,
    "target_line": _target_line,
}
"""Tables that not every branch gets whole; rows of the others (rates, catalogue, roles, periods) go to everybody."""


def is_visible(table: str, row: str | None, code: str, units: Units) -> bool:
    """Whether a canonical row goes to the branch; False for no row. A line whose target is gone goes to everybody:
    it says an amount of nothing."""
    if row is None:
        return False
    rule = RULES.get(table)
    return rule is None or rule(msgspec.json.decode(row), code, units)


def operation(table: str, after: str | None, before: str | None, code: str, units: Units) -> str:
    """What a change means to the branch: u (it has the row now), d (it has it no more), or nothing to it ("")."""
    if is_visible(table, after, code, units):
        return "u"
    return "d" if is_visible(table, before, code, units) else ""
