"""What was usual on each node, read again from the store after a start of the center."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import datetime, timedelta

from starlette.applications import Starlette

from netops.center.alerts.rules import BUCKET_SECONDS, KEPT_BUCKETS, Baseline
from netops.center.telemetry.reading import series_in_steps
from netops.center.telemetry.rollup import Series
from shared import clock, log
from shared.canonical import to_micros

BREATH_SECONDS = 0.02

events = log.get_logger()


async def rebuild_baselines(app: Starlette) -> None:
    """Once, node by node with a breath between: the last day of every metric that a rule compares with what is usual. A
    baseline replaces the one that began since the start; it holds the same newest values."""
    metrics = {rule.metric for rule in app.state.engine.rules if rule.kind == "deviation"}
    count = 0
    for node in list(app.state.fleet) if metrics else ():
        found = await last_day(app, node.name, metrics, clock.now())
        for metric in metrics:
            baseline = baseline_of(found, metric)
            if baseline is not None:
                app.state.engine.baselines[node.name, metric] = baseline
                count += 1
        await asyncio.sleep(BREATH_SECONDS)
    if count:
        events.info("baselines rebuilt", baselines=count)


async def last_day(app: Starlette, node: str, metrics: Collection[str], now: datetime) -> Series:
    """The metrics of a node in steps of a bucket."""
    begin = now - timedelta(seconds=BUCKET_SECONDS * KEPT_BUCKETS)
    with app.state.telemetry.reading():
        return await series_in_steps(
            app.state.writer.names, node, sorted(metrics), to_micros(begin), to_micros(now), BUCKET_SECONDS
        )


def baseline_of(found: Series, metric: str) -> Baseline | None:
    """The baseline of a curve; None where nothing was measured."""
    baseline, is_empty = Baseline(), True
    for at, mean in zip(found.at_seconds, found.curves[metric].mean, strict=True):
        if mean is not None:
            baseline.add(float(at), mean)
            is_empty = False
    return None if is_empty else baseline
