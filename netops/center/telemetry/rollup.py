"""From samples to fewer of them: roll-ups of one and fifteen minutes, and what a chart of a few hundred points shows. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from netops.center.telemetry.codec import Table, Values

HOUR_US = 3_600_000_000
ROLLUP_STEPS = (60, 900)
"""Steps in seconds; a rolled-up table has for each metric m the columns m (mean), "m<" (least) and "m>" (greatest)."""


def hour_of(at_us: int) -> int:
    """The start of the hour, UTC microseconds."""
    return at_us - at_us % HOUR_US


def merged(*tables: Table) -> Table:
    """The rows of all tables in order of time; of two rows of one instant the first table's. Columns are united."""
    rows: dict[int, tuple[Table, int]] = {}
    for table in tables:
        for place, at_us in enumerate(table.at_us):
            rows.setdefault(at_us, (table, place))
    order = sorted(rows)
    names = dict.fromkeys(name for table in tables for name in table.columns)
    found = [rows[at_us] for at_us in order]
    return Table(
        order,
        [table.late[place] for table, place in found],
        {
            name: [table.columns[name][place] if name in table.columns else None for table, place in found]
            for name in names
        },
    )


def rolled_up(table: Table, step_seconds: int) -> Table:
    """Mean, least and greatest per step and metric. A step without rows has no row; a metric without value None."""
    step_us = step_seconds * 1_000_000
    borders = _borders(table.at_us, step_us)
    starts = [table.at_us[first] - table.at_us[first] % step_us for first, _ in borders]
    columns: dict[str, Values] = {}
    for name, values in table.columns.items():
        known = [[value for value in values[first:last] if value is not None] for first, last in borders]
        columns[name] = [round(sum(part) / len(part), 4) if part else None for part in known]
        columns[name + "<"] = [min(part) if part else None for part in known]
        columns[name + ">"] = [max(part) if part else None for part in known]
    return Table(starts, [any(table.late[first:last]) for first, last in borders], columns)


def _borders(at_us: Sequence[int], step_us: int) -> list[tuple[int, int]]:
    """(first, end) of the rows of each step that has any."""
    found: list[tuple[int, int]] = []
    first = 0
    while first < len(at_us):
        end = bisect_left(at_us, at_us[first] - at_us[first] % step_us + step_us, lo=first)
        found.append((first, end))
        first = end
    return found


@dataclass(frozen=True, slots=True)
class Curve:
    """A metric at the times of a `Series`: mean, and least and greatest where several samples were folded."""

    mean: list[float | None]
    least: list[float | None]
    greatest: list[float | None]


@dataclass(frozen=True, slots=True)
class Series:
    """Curves over equal steps of seconds; steps without data are None, so that a gap is drawn as a gap."""

    step_seconds: int
    at_seconds: list[int]
    late: list[bool]
    curves: dict[str, Curve]


def series(
    tables: Iterable[Table], metrics: Sequence[str], from_us: int, to_us: int, step_seconds: int
) -> Series:
    """Curves of the metrics over [from, to) from raw or rolled-up tables; a value counts once per row it came in."""
    step_us = step_seconds * 1_000_000
    first = from_us - from_us % step_us
    count = max(0, -(-(to_us - first) // step_us))
    late = [False] * count
    parts: dict[str, list[list[tuple[float, float, float]]]] = {
        metric: [[] for _ in range(count)] for metric in metrics
    }
    for table in tables:
        places = [(at_us - first) // step_us for at_us in table.at_us]
        for place, is_late in zip(places, table.late, strict=True):
            if is_late and 0 <= place < count:
                late[place] = True
        for metric in metrics:
            _sort_in(parts[metric], places, table, metric)
    at_seconds = [(first + place * step_us) // 1_000_000 for place in range(count)]
    return Series(step_seconds, at_seconds, late, {metric: _curve(found) for metric, found in parts.items()})


def _sort_in(
    parts: list[list[tuple[float, float, float]]], places: list[int], table: Table, metric: str
) -> None:
    means = table.columns.get(metric)
    if means is None:
        return
    least = table.columns.get(metric + "<", means)
    greatest = table.columns.get(metric + ">", means)
    for place, mean, low, high in zip(places, means, least, greatest, strict=True):
        if mean is not None and 0 <= place < len(parts):
            parts[place].append((mean, mean if low is None else low, mean if high is None else high))


def _curve(parts: list[list[tuple[float, float, float]]]) -> Curve:
    return Curve(
        [sum(part[0] for part in found) / len(found) if found else None for found in parts],
        [min(part[1] for part in found) if found else None for found in parts],
        [max(part[2] for part in found) if found else None for found in parts],
    )
