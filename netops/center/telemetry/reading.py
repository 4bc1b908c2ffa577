"""Curves of a node for a span of time, from hot rows and chunks of the fitting step."""

from __future__ import annotations

from collections.abc import Sequence

from netops.center.telemetry.rollup import HOUR_US, ROLLUP_STEPS, Series, series
from netops.center.telemetry.samples import RAW, MetricNames, chunks, hot_table

POINTS = 240
"""Most points of a curve."""


def chart_step(span_seconds: int) -> int:
    """Seconds per point: whole minutes from an hour on, so that the points lie on the roll-ups."""
    least = -(-span_seconds // POINTS)
    for step in (1, 2, 5, 10, 15, 30, 60, 120, 300, 360, 600, 900, 1_800, 2_700, 3_600):
        if step >= least:
            return step
    return -(-least // 3_600) * 3_600


def stored_step(step_seconds: int) -> int:
    """The coarsest stored step that a chart step is made of without loss."""
    return max((step for step in ROLLUP_STEPS if step_seconds % step == 0), default=RAW)


async def node_series(
    names: MetricNames, node: str, metrics: Sequence[str], from_us: int, to_us: int
) -> Series:
    """Curves of the metrics over [from, to). Inside `telemetry.reading()`."""
    return await series_in_steps(
        names, node, metrics, from_us, to_us, chart_step((to_us - from_us) // 1_000_000)
    )


async def series_in_steps(
    names: MetricNames, node: str, metrics: Sequence[str], from_us: int, to_us: int, step: int
) -> Series:
    """The same in steps of so many seconds."""
    wanted = {name for metric in metrics for name in (metric, metric + "<", metric + ">")}
    found = await chunks(node, stored_step(step), from_us, to_us, wanted)
    hot = await hot_table(names, node, from_us - HOUR_US, to_us, set(metrics))
    return series([*found, hot], metrics, from_us, to_us, step)
