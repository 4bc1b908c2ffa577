"""A figure as JSON: the shape that integrations and the command line read. Money is a decimal string, shares per cent."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from hq.figures.shape import Column, Figure, Line, Value, Watermark
from shared.money import format_plain


def as_contract(figure: Figure) -> dict[str, Any]:
    """The whole answer. Unknown values are null, never 0.

    `total` repeats the unit's own sums, names missing rates and how many rows there are in all.
    """
    columns = {column.key: column for column in figure.columns}
    return {
        "figure": figure.name,
        "parameters": figure.question.asked(),
        "rows": [line_of(line, columns) for line in figure.rows],
        "total": {
            **line_of(figure.total, columns),
            "row_count": figure.row_count,
            "missing_rates": [
                {"currency": rate.currency, "to_currency": rate.to_currency, "on": rate.on.isoformat()}
                for rate in figure.missing_rates
            ],
        },
        "watermarks": [watermark_of(mark) for mark in figure.watermarks],
        "complete": figure.complete,
    }


def line_of(line: Line, columns: Mapping[str, Column]) -> dict[str, Any]:
    """One row: unit, name, branch, currency and its values."""
    found: dict[str, Any] = {
        "unit": line.unit,
        "name": line.name,
        "branch": line.branch,
        "currency": line.currency,
    }
    for key, value in line.values.items():
        found[key] = plain(value, columns.get(key), line.currency)
    if line.is_left_out:
        found["left_out"] = True
    return found


def plain(value: Value, column: Column | None, currency: str) -> Any:
    """A value as JSON: money as a decimal string, shares as a decimal string of per cent, dates in ISO 8601."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if column is not None and column.kind == "money":
        return format_plain(value, currency)
    if column is not None and column.kind == "share":
        return f"{'-' if value < 0 else ''}{abs(value) // 100}.{abs(value) % 100:02d}"
    return value


def watermark_of(mark: Watermark) -> dict[str, Any]:
    """How far a branch's data reaches, in UTC."""
    complete_to = mark.complete_to
    return {
        "branch": mark.branch,
        "state": mark.state,
        "complete_to": complete_to.isoformat().replace("+00:00", "Z") if complete_to else None,
        "position": mark.position,
    }
