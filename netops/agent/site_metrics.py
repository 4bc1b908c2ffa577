"""What services say of themselves in Prometheus' text: the few values of /metrics that the center draws beside the host's."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import urlsplit

from netops.agent.http_out import HttpOut, LineBroken
from netops.agent.metronome import Metronome

WANTED: Mapping[str, tuple[str, Callable[[Iterable[float]], float]]] = {
    "trunkline_jobs_waiting": ("jobs_waiting", sum),
    "trunkline_replication_lag_seconds": ("replication_lag_seconds", max),
}
"""Metric to the name it is sent under, and how its series (queues, peers) become one value."""
UNITS: Mapping[str, str] = {"jobs_waiting": "count", "replication_lag_seconds": "seconds"}
_EVERY_SECONDS = 10.0
_ASK_SECONDS = 2.0
_GOOD_FOR_SECONDS = 30.0


def values_of(text: str) -> dict[str, float]:
    """The wanted values of a page of metrics. Lines that cannot be read, and NaN, are left out."""
    found: dict[str, list[float]] = {}
    for line in text.splitlines():
        name = line.partition("{")[0].partition(" ")[0]
        if name not in WANTED:
            continue
        try:
            value = float(line.rpartition(" ")[2])
        except ValueError:
            continue
        if math.isfinite(value):
            found.setdefault(name, []).append(value)
    return {WANTED[name][0]: WANTED[name][1](values) for name, values in found.items()}


class SiteMetrics:
    """Asks the services that have a `metrics` address every ten seconds; `latest` never waits."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, dict[str, float]]] = {}

    def latest(self, service: str) -> dict[str, float]:
        """What a service said within the last half minute; else nothing."""
        at, values = self._known.get(service, (-math.inf, {}))
        return values if time.monotonic() - at < _GOOD_FOR_SECONDS else {}

    async def run(self, addresses: Callable[[], Mapping[str, str]], metronome: Metronome) -> None:
        """`addresses` gives url by service, anew each round, so that a reloaded node file counts."""
        while True:
            for service, url in addresses().items():
                await self._ask(service, url)
            await metronome.tick(_EVERY_SECONDS)

    async def _ask(self, service: str, url: str) -> None:
        line, parts = HttpOut(url), urlsplit(url)
        try:
            answer = await line.ask("GET", parts.path or "/metrics", {}, b"", _ASK_SECONDS)
        except LineBroken:
            return
        if answer.status == 200:
            self._known[service] = (time.monotonic(), values_of(answer.body.decode(errors="replace")))
