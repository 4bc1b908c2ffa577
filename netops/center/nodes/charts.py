"""Which curves a node's page draws, and the JSON that carries them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from netops.center.commands.queries import taken_since
from netops.center.commands.views import verb_label
from netops.center.incidents import words
from netops.center.nodes.pages import ChartPlace
from netops.center.nodes.queries import incidents_since, node_named
from netops.center.nodes.state import NodeState
from netops.center.telemetry.reading import node_series
from netops.center.telemetry.rollup import Curve
from shared import clock
from shared.canonical import to_micros
from shared.i18n import N_
from shared.i18n import gettext as _
from shared.web.responses import json_answer

RANGES: Mapping[str, tuple[str, int]] = {
    "15m": (N_("15 min"), 900),
    "1h": (N_("1 h"), 3_600),
    "6h": (N_("6 h"), 21_600),
    "24h": (N_("24 h"), 86_400),
    "7d": (N_("7 days"), 604_800),
}
SERVICES_SHOWN = 6
DIGITS = 4


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: its curves as (metric, label), its unit, whether it is a share drawn from 0 to 100 %."""

    key: str
    title: str
    unit: str
    curves: Sequence[tuple[str, str]]
    is_share: bool = False


HOST_CHARTS = (
    Chart("cpu", N_("CPU"), N_("share of all cores"), [("cpu_ratio", N_("CPU"))], is_share=True),
    Chart("memory", N_("Memory"), N_("share in use"), [("memory_used_ratio", N_("Memory"))], is_share=True),
    Chart("disk", N_("Disk"), N_("share in use"), [("disk_used_ratio", N_("Disk"))], is_share=True),
    Chart(
        "io",
        N_("Disk traffic"),
        N_("bytes per second"),
        [("disk_read_bytes_per_second", N_("reading")), ("disk_written_bytes_per_second", N_("writing"))],
    ),
    Chart(
        "network",
        N_("Network"),
        N_("bytes per second"),
        [
            ("network_received_bytes_per_second", N_("receiving")),
            ("network_sent_bytes_per_second", N_("sending")),
        ],
    ),
)
PER_SERVICE = (
    ("service_cpu", N_("CPU per service"), N_("cores"), "cpu_ratio"),
    ("service_memory", N_("Memory per service"), N_("bytes"), "rss_bytes"),
    ("jobs", N_("Job queues"), N_("jobs waiting"), "jobs_waiting"),
    ("lag", N_("Replication lag"), N_("seconds"), "replication_lag_seconds"),
)


def charts_for(node: NodeState) -> list[Chart]:
    """The host's charts, and those per service for which the node sends values."""
    known = set(node.values) or set(node.hello.metrics if node.hello else ())
    found = [chart for chart in HOST_CHARTS if any(metric in known for metric, _l in chart.curves)]
    services = [service.name for service in node.services][:SERVICES_SHOWN]
    for key, title, unit, metric in PER_SERVICE:
        curves = [(f"service.{name}.{metric}", name) for name in services]
        curves = [(name, label) for name, label in curves if name in known]
        if curves:
            found.append(Chart(key, title, unit, curves))
    return found or list(HOST_CHARTS)


def charts_of(node: NodeState) -> list[ChartPlace]:
    """Where the charts go in the page."""
    return [ChartPlace(chart.key, _(chart.title), _(chart.unit)) for chart in charts_for(node)]


def range_asked(request: Request) -> str:
    """A key of RANGES; the default is the last hour."""
    asked = request.query_params.get("range", "")
    return asked if asked in RANGES else "1h"


async def series_of_node(request: Request) -> Response:
    """GET /nodes/{name}/series?range=1h: `at` in seconds since 1970, then charts with their curves, column by column.
    `low` and `high` are left out where they are the mean; null is a step without data, `late` marks replayed steps; see
    `happenings` for `bands` and `marks`."""
    node = node_named(request.app.state.fleet, request.path_params["name"])
    node.watch()
    charts = charts_for(node)
    now = clock.now()
    seconds = RANGES[range_asked(request)][1]
    back = timedelta(days=1) if request.query_params.get("compare") == "yesterday" else timedelta(0)
    metrics = [metric for chart in charts for metric, _label in chart.curves]
    with request.app.state.telemetry.reading():
        found = await node_series(
            request.app.state.writer.names,
            node.name,
            metrics,
            to_micros(now - back - timedelta(seconds=seconds)),
            to_micros(now - back),
        )
    shift = int(back.total_seconds())
    content = {
        "step": found.step_seconds,
        "first": found.at_seconds[0] + shift if found.at_seconds else 0,
        "count": len(found.at_seconds),
        "late": [place for place, is_late in enumerate(found.late) if is_late],
        "charts": [chart_json(chart, found.curves) for chart in charts],
        **await happenings(node.name, now - timedelta(seconds=seconds)),
    }
    return json_answer(content, headers={"cache-control": "no-store"})


async def happenings(node: str, since: datetime) -> dict[str, Any]:
    """What lies behind the curves: `bands` [from, to or null, title] of incidents, `marks` [at, what] of commands that the
    node took; seconds since 1970."""
    incidents = await incidents_since(node, since)
    commands = await taken_since(node, since)
    return {
        "bands": [
            [one.opened_at.timestamp(), one.closed_at and one.closed_at.timestamp(), words.title(one)]
            for one in incidents
        ],
        "marks": [[one.accepted_at.timestamp(), verb_label(one.verb)] for one in commands if one.accepted_at],
    }


def chart_json(chart: Chart, curves: Mapping[str, Curve]) -> dict[str, Any]:
    """A chart of the answer."""
    return {
        "key": chart.key,
        "share": chart.is_share,
        "curves": [
            curve_json(_(label), curves[metric], with_band=len(chart.curves) == 1)
            for metric, label in chart.curves
        ],
    }


def curve_json(label: str, curve: Curve, *, with_band: bool) -> dict[str, Any]:
    """A curve in four digits; the band between least and greatest only where it says more than the mean."""
    found: dict[str, Any] = {"label": label, "mean": short(curve.mean)}
    if with_band and (curve.least != curve.mean or curve.greatest != curve.mean):
        found |= {"low": short(curve.least), "high": short(curve.greatest)}
    return found


def short(values: Sequence[float | None]) -> list[float | int | None]:
    """Four significant digits, whole numbers without a point."""
    found: list[float | int | None] = []
    for value in values:
        if value is None:
            found.append(None)
            continue
        rounded = float(f"{value:.{DIGITS}g}")
        found.append(int(rounded) if rounded.is_integer() else rounded)
    return found
