"""Metrics of a site for Prometheus: every metric is declared here, with its meaning, and documented from here.

`exposition()` is the text of /metrics. Several web processes of one site share PROMETHEUS_MULTIPROC_DIR.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.multiprocess import MultiProcessCollector

PREFIX = "trunkline_"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each one, which nobody reads
REGISTRY = CollectorRegistry(auto_describe=True)


@dataclass(frozen=True)
class MetricDoc:
    """One row of the documented list; a counter is exposed with _total. A private one only to whom the site trusts."""

    name: str
    kind: str
    labels: tuple[str, ...]
    doc: str
    is_private: bool = False


_declared: dict[str, MetricDoc] = {}

M = TypeVar("M", bound=MetricWrapperBase)


def counter(name: str, doc: str, labels: tuple[str, ...] = ()) -> Counter:
    """Declares a counter; its name ends in _total."""
    _declare(name, "counter", labels, doc)
    return Counter(name.removesuffix("_total"), doc, labels, registry=REGISTRY)


def gauge(
    name: str, doc: str, labels: tuple[str, ...] = (), *, registry: CollectorRegistry = REGISTRY
) -> Gauge:
    """Declares a gauge: a value that goes up and down; over several processes the latest value counts. One of a registry
    of its own is shown only by whoever shows that registry."""
    _declare(name, "gauge", labels, doc, is_private=registry is not REGISTRY)
    return Gauge(name, doc, labels, registry=registry, multiprocess_mode="mostrecent")


def histogram(name: str, doc: str, labels: tuple[str, ...] = (), *, buckets: tuple[float, ...]) -> Histogram:
    """Declares a histogram with the upper bounds `buckets`."""
    _declare(name, "histogram", labels, doc)
    return Histogram(name, doc, labels, registry=REGISTRY, buckets=buckets)


def documented() -> list[MetricDoc]:
    """All metrics declared in this process so far, by name."""
    return sorted(_declared.values(), key=lambda row: row.name)


def documented_markdown() -> str:
    """The list as a Markdown table, ending with a newline."""
    lines = ["| metric | kind | labels | meaning |", "|---|---|---|---|"]
    for row in documented():
        labels = ", ".join(f"`{label}`" for label in row.labels)
        lines.append(f"| `{row.name}` | {row.kind} | {labels} | {row.doc} |")
    return "\n".join(lines) + "\n"


def exposition() -> bytes:
    """All metrics in Prometheus' text format, of all processes of the site when there are several."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
    return generate_latest(REGISTRY)


def _declare(name: str, kind: str, labels: tuple[str, ...], doc: str, *, is_private: bool = False) -> None:
    """Notes a metric; ValueError for a name or text that breaks our rules."""
    if not name.startswith(PREFIX) or name.lower() != name:
        raise ValueError(f"metric names start with {PREFIX} and are lower case: {name}")
    if (kind == "counter") != name.endswith("_total"):
        raise ValueError(f"counters, and only they, end in _total: {name}")
    if kind == "histogram" and not name.endswith(("_seconds", "_bytes", "_count")):
        raise ValueError(f"a histogram ends in its unit: {name}")
    if not doc.endswith("."):
        raise ValueError(f"say what {name} means, as a sentence")
    if name in _declared:
        raise ValueError(f"declared twice: {name}")
    _declared[name] = MetricDoc(name, kind, labels, doc, is_private)


_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_SLOW = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0)

HTTP_REQUESTS = counter(
    "trunkline_http_requests_total", "Requests answered.", ("site", "route", "method", "status")
)
HTTP_SECONDS = histogram(
    "trunkline_http_request_seconds",
    "Time to the complete answer, long polls and event streams left out.",
    ("site", "route"),
    buckets=_FAST,
)
HTTP_OPEN = gauge(
    "trunkline_http_requests_open", "Requests being answered, open event streams included.", ("site",)
)
HTTP_STREAMS = gauge("trunkline_http_streams_open", "Open event streams.", ("site",))
DB_BYTES = gauge("trunkline_db_bytes", "Size of the database on disk.", ("site",))
JOBS = counter(
    "trunkline_jobs_total", "Jobs that ended: done, failed, retried or given_up.", ("site", "job", "outcome")
)
JOB_SECONDS = histogram("trunkline_job_seconds", "Time a job ran.", ("site", "job"), buckets=_SLOW)
JOBS_WAITING = gauge("trunkline_jobs_waiting", "Jobs in the queue, running ones included.", ("site", "queue"))
BROKER_UP = gauge("trunkline_broker_up", "1 while the broker answers, else 0.", ("site",))
BROKER_RESTARTS = counter(
    "trunkline_broker_restarts_total", "Times the embedded broker was started again.", ("site",)
)
REPLICATION_POSITION = gauge(
    "trunkline_replication_position", "Position of the own log that the peer has confirmed.", ("site", "peer")
)
REPLICATION_WAITING = gauge(
    "trunkline_replication_changes_waiting",
    "Changes written here that the peer has not confirmed.",
    ("site", "peer"),
)
REPLICATION_LAG = gauge(
    "trunkline_replication_lag_seconds",
    "Age of the oldest change not confirmed, 0 while all are.",
    ("site", "peer"),
)
REPLICATION_CHANGES = counter(
    "trunkline_replication_changes_total", "Changes sent that the peer has confirmed.", ("site", "peer")
)
REPLICATION_BYTES = counter(
    "trunkline_replication_bytes_total",
    "Bytes of confirmed batches on the wire, as compressed.",
    ("site", "peer"),
)
REPLICATION_FAULTS = counter(
    "trunkline_replication_faults_total",
    "Rounds of sending that ended early: unreachable, busy, behind (the peer stood elsewhere), fork, failed, or why it refused.",
    ("site", "peer", "fault"),
)
SCRUB_ROWS = counter(
    "trunkline_scrub_rows_total", "Rows of a branch hashed again to prove them.", ("site", "peer")
)
SCRUB_DIFFERENCES = counter(
    "trunkline_scrub_differences_total",
    "Rows that were not what the branch holds, by kind (changed, missing, invented) and what became of them.",
    ("site", "peer", "kind", "outcome"),
)
SCRUB_SECONDS = histogram(
    "trunkline_scrub_seconds", "Time to hash all rows of one branch again.", ("site",), buckets=_SLOW
)
