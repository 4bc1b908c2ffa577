"""The text of a node's page for Prometheus. Pure.

Metrics are `trunkline_node_<name>` and, per service, `trunkline_service_<name>{service=...}`; names and units are those of
netops/agent/collect.py. States are one series per known word, 1 for the present one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import get_args

from shared.nodes.report import Condition, Mode, ServiceState, State, StateReport

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def escaped(text: str) -> str:
    """A label's value."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def sample(name: str, value: float, **labels: str) -> str:
    """One line."""
    shown = ",".join(f'{label}="{escaped(text)}"' for label, text in labels.items())
    number = "NaN" if math.isnan(value) else repr(float(value))
    return f"{name}{{{shown}}} {number}" if shown else f"{name} {number}"


def family(name: str, help: str, lines: Iterable[str]) -> list[str]:
    """Lines of one metric under their head; nothing when there are none."""
    found = list(lines)
    return [f"# HELP {name} {help}", f"# TYPE {name} gauge", *found] if found else []


def node_page(values: Mapping[str, float | None], units: Mapping[str, str], state: StateReport | None) -> str:
    """Everything known of one node now, each metric's lines together as the format demands. Missing values are left out."""
    lines: list[str] = []
    by_name: dict[str, list[str]] = {}
    helps: dict[str, str] = {}
    for metric, value in values.items():
        if value is None:
            continue
        name, labels = metric_name(metric)
        by_name.setdefault(name, []).append(sample(name, value, **labels))
        helps.setdefault(name, f"{metric.rpartition('.')[2]}, {units.get(metric, 'value')}.")
    for name in sorted(by_name):
        lines += family(name, helps[name], by_name[name])
    if state is not None:
        lines += state_lines(state)
    return "\n".join(lines) + "\n"


def metric_name(metric: str) -> tuple[str, dict[str, str]]:
    """ "cpu_ratio" -> trunkline_node_cpu_ratio; "service.web.rss_bytes" -> trunkline_service_rss_bytes{service="web"}."""
    if metric.startswith("service."):
        service, _, name = metric.removeprefix("service.").rpartition(".")
        return f"trunkline_service_{name}", {"service": service}
    return f"trunkline_node_{metric}", {}


def state_lines(state: StateReport) -> list[str]:
    """Condition, mode, spool, services."""
    words = (
        (
            "trunkline_node_condition",
            "Condition of the node.",
            "condition",
            get_args(Condition),
            state.condition,
        ),
        ("trunkline_node_mode", "Mode of the node.", "mode", get_args(Mode), state.mode),
    )
    lines: list[str] = []
    for name, help, label, known, present in words:
        lines += family(name, help, [sample(name, word == present, **{label: word}) for word in known])
    for name, help, value in (
        ("trunkline_node_spool_items", "Items that wait for the center at the node.", state.spool_items),
        ("trunkline_node_dropped_items", "Items the bounded spool had to drop.", state.dropped_items),
        ("trunkline_node_open_incidents", "Incidents that wait for a person.", len(state.open_incidents)),
    ):
        lines += family(name, help, [sample(name, value)])
    return lines + service_lines(state.services)


def service_lines(services: Sequence[ServiceState]) -> list[str]:
    name, starts = "trunkline_service_state", "trunkline_service_starts_in_window"
    lines = family(
        name,
        "State of a service as its supervisor sees it.",
        [
            sample(name, word == service.state, service=service.name, state=word)
            for service in services
            for word in get_args(State)
        ],
    )
    return lines + family(
        starts,
        "Starts within the budget's ten minutes.",
        [sample(starts, service.starts_in_window, service=service.name) for service in services],
    )


def alert_of(labels: Mapping[str, str]) -> str:
    """The one cause of an alert of Alertmanager among the open incidents: its name and all labels, in order."""
    own = " ".join(f"{name}={labels[name]}" for name in sorted(labels) if name != "alertname")
    return f"alertmanager {labels.get('alertname', 'alert')} {own}"[:160]


def severity_of(labels: Mapping[str, str]) -> int:
    """1 for critical or page, 3 for info, else 2."""
    return {"critical": 1, "page": 1, "info": 3, "none": 3}.get(labels.get("severity", ""), 2)
