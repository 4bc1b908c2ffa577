"""Reads of the fleet and of one node."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from netops.center.models import Incident, LogLine, Node, Recovery
from netops.center.nodes.rules import contact, needs_help
from netops.center.settings import CenterSettings
from shared import clock
from shared.errors import NotFound


@dataclass(frozen=True)
class NodeView:
    """A node as the fleet shows it. Shares are in basis points, None when unknown or when the node is silent."""

    name: str
    role: str
    contact: str
    condition: str
    mode: str
    received_at: datetime | None
    services: Sequence[dict[str, Any]]
    cpu_bp: int | None
    memory_bp: int | None
    disk_bp: int | None
    needs_help: bool


async def fleet(settings: CenterSettings) -> list[NodeView]:
    """All nodes, those that need help first."""
    now = clock.now()
    views = [node_view(node, now, settings) for node in await Node.filter(status="active").order_by("name")]
    return sorted(views, key=lambda view: (not view.needs_help, view.name))


def node_view(node: Node, now: datetime, settings: CenterSettings) -> NodeView:
    """What is known of a node; a silent node shows no values, never the last ones as if they were current."""
    state = node.state or {}
    found = contact(
        node.received_at, now, late_seconds=settings.late_seconds, silent_seconds=settings.silent_seconds
    )
    services = state.get("services", [])
    condition = state.get("condition", "ok") if found in ("live", "late") else "unknown"
    latest = (node.last_sample or {}) if found in ("live", "late") else {}
    return NodeView(
        name=node.name,
        role=node.role,
        contact=found,
        condition=condition,
        mode=state.get("mode", "normal"),
        received_at=node.received_at,
        services=services,
        cpu_bp=share(latest, "cpu_ratio"),
        memory_bp=share(latest, "memory_used_ratio"),
        disk_bp=share(latest, "disk_used_ratio"),
        needs_help=needs_help(found, condition, services),
    )


def share(values: dict[str, Any], name: str) -> int | None:
    """A ratio in basis points."""
    found = values.get(name)
    return None if found is None else round(float(found) * 10_000)


async def node_named(name: str) -> Node:
    """The node. Raises NotFound."""
    node = await Node.get_or_none(name=name)
    if node is None:
        raise NotFound()
    return node


async def recoveries(node: str | None = None, hours: int = 24, limit: int = 50) -> list[Recovery]:
    """What healed or failed to heal lately, newest first."""
    found = Recovery.filter(detected_at__gte=clock.now() - timedelta(hours=hours))
    if node is not None:
        found = found.filter(node=node)
    return await found.order_by("-detected_at").limit(limit)


async def open_incidents(node: str | None = None) -> list[Incident]:
    """Incidents that wait for a person, newest first."""
    found = Incident.filter(closed_at=None)
    if node is not None:
        found = found.filter(node=node)
    return await found.order_by("-opened_at").limit(50)


async def latest_lines(node: str, limit: int = 40) -> list[LogLine]:
    """The newest warnings and errors of a node."""
    return (
        await LogLine.filter(node=node, level__in=["warning", "error", "critical"])
        .order_by("-at")
        .limit(limit)
    )
