"""Reads of the fleet and of one node. The fleet is read from memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tortoise.expressions import Q

from netops.center.models import Incident, Recovery
from netops.center.nodes.rules import contact, needs_help, urgency
from netops.center.nodes.state import Fleet, NodeState
from netops.center.settings import CenterSettings
from netops.center.standby.places import Standing, standing, successors
from shared import clock
from shared.errors import NotFound
from shared.nodes.report import ServiceState

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class NodeView:
    """A node as the fleet shows it. Shares are in basis points, None when unknown or when the node is silent."""

    name: str
    role: str
    branch: str
    contact: str
    condition: str
    mode: str
    received_at: datetime | None
    services: Sequence[ServiceState]
    cpu_bp: int | None
    memory_bp: int | None
    disk_bp: int | None
    queue: int | None
    strip: Sequence[str]
    needs_help: bool
    host: str = ""
    """The run of the machine it lives on, which nodes may share."""
    stands: Standing = field(default_factory=Standing)
    """Whose place it has, or who has its own."""


@dataclass(frozen=True, slots=True)
class FleetQuestion:
    """Which nodes: a part of the name, role or branch; a branch; a state; the page counted from 1."""

    text: str = ""
    branch: str = ""
    state: str = ""
    page: int = 1


@dataclass(frozen=True, slots=True)
class FleetAnswer:
    """One page of nodes, how many there are in all and for this question, and how many per contact and mode."""

    views: Sequence[NodeView]
    found_count: int
    node_count: int
    branches: Sequence[str]
    counts: dict[str, int]


def fleet_page(fleet: Fleet, question: FleetQuestion, now: datetime, settings: CenterSettings) -> FleetAnswer:
    """The nodes of a page, the most urgent first. No database is asked."""
    counts = dict.fromkeys(("live", "late", "silent", "never_seen", "maintenance"), 0)
    found: list[tuple[tuple[int, str], NodeState]] = []
    by_primary = successors(fleet)
    for node in fleet:
        state, condition = contact_and_condition(node, now, settings)
        if standing(node, by_primary).is_replaced:
            condition = "fenced"
            counts["fenced"] = counts.get("fenced", 0) + 1
        counts[state] += 1
        counts["maintenance"] += node.mode == "maintenance"
        if matches(node, question, state, condition):
            found.append(((urgency(state, condition, node.services), node.name), node))
    found.sort(key=lambda pair: pair[0])
    first = (max(question.page, 1) - 1) * PAGE_SIZE
    shown = [node for _, node in found[first : first + PAGE_SIZE]]
    views = [node_view(node, now, settings, standing(node, by_primary)) for node in shown]
    branches = sorted({node.branch for node in fleet if node.branch})
    return FleetAnswer(views, len(found), len(fleet), branches, counts)


def contact_and_condition(node: NodeState, now: datetime, settings: CenterSettings) -> tuple[str, str]:
    """The two words of a node; the condition of a silent one is unknown, whatever it said last."""
    found = contact(
        node.received_at, now, late_seconds=settings.late_seconds, silent_seconds=settings.silent_seconds
    )
    return found, node.condition if found in ("live", "late") else "unknown"


def matches(node: NodeState, question: FleetQuestion, state: str, condition: str) -> bool:
    """Whether a node answers the question; all words must occur."""
    if question.branch and node.branch != question.branch:
        return False
    if question.state and question.state not in (state, condition, node.mode):
        return False
    words = question.text.lower().split()
    if not words:
        return True
    text = f"{node.name} {node.role} {node.branch} {state} {condition}".lower()
    return all(word in text for word in words)


def node_view(
    node: NodeState, now: datetime, settings: CenterSettings, stands: Standing | None = None
) -> NodeView:
    """What is known of a node; a silent node shows no values, never the last ones as if they were current. `stands`: None
    where nobody asks for whose place it has."""
    stands = stands or Standing()
    found, condition = contact_and_condition(node, now, settings)
    condition = "fenced" if stands.is_replaced else condition
    latest = node.values if found in ("live", "late") else {}
    queues = [value for name, value in latest.items() if name.endswith(".jobs_waiting") and value is not None]
    return NodeView(
        name=node.name,
        role=node.role,
        branch=node.branch,
        contact=found,
        condition=condition,
        mode=node.mode,
        received_at=node.received_at,
        services=node.services,
        cpu_bp=share(latest.get("cpu_ratio")),
        memory_bp=share(latest.get("memory_used_ratio")),
        disk_bp=share(latest.get("disk_used_ratio")),
        queue=round(sum(queues)) if queues else None,
        strip=node.strip.until(now),
        needs_help=needs_help(found, condition, node.services),
        host=node.host,
        stands=stands,
    )


def view_in(fleet: Fleet, node: NodeState, now: datetime, settings: CenterSettings) -> NodeView:
    """The same, with whose place it has in its branch."""
    return node_view(node, now, settings, standing(node, successors(fleet)))


def share(value: float | None) -> int | None:
    """A ratio in basis points."""
    return None if value is None else round(value * 10_000)


def node_named(fleet: Fleet, name: str) -> NodeState:
    """The node. Raises NotFound."""
    node = fleet.get(name)
    if node is None:
        raise NotFound()
    return node


async def recoveries(node: str | None = None, hours: int = 24, limit: int = 50) -> list[Recovery]:
    """What healed or failed to heal lately, newest first."""
    found = Recovery.filter(detected_at__gte=clock.now() - timedelta(hours=hours))
    if node is not None:
        found = found.filter(node=node)
    return await found.order_by("-detected_at").limit(limit)


async def incidents_since(node: str, since: datetime, limit: int = 50) -> list[Incident]:
    """Incidents that hold the node and were open at some moment since then, newest first."""
    found = (
        await Incident.filter(Q(closed_at=None) | Q(closed_at__gte=since))
        .order_by("-opened_at")
        .limit(limit * 4)
    )
    return [incident for incident in found if node in incident.nodes or incident.node == node][:limit]


async def open_incidents(node: str | None = None, limit: int = 50) -> list[Incident]:
    """Incidents that are not over, the unacknowledged and gravest first."""
    found = await Incident.filter(closed_at=None).order_by("severity", "-opened_at").limit(limit * 4)
    if node is not None:
        found = [incident for incident in found if node in incident.nodes or incident.node == node]
    found.sort(key=lambda incident: incident.acknowledged_at is not None)
    return found[:limit]
