"""The tables of the fleet and of a node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from netops.center.incidents.words import exit_word
from netops.center.models import Recovery
from netops.center.nodes.queries import NodeView
from netops.center.nodes.rules import service_status
from shared.i18n import N_
from shared.i18n import gettext as _
from shared.nodes.report import ServiceState
from shared.web.filters import duration, percent
from shared.web.parts import Cell, Column, Count, Empty, Link, Row, Status, TableView


def status_of(word: str) -> Status:
    """A node that failed has a word of its own."""
    return Status("node_failed" if word == "failed" else word)


def condition_of(view: NodeView) -> Status:
    """Its condition; maintenance in its place, but not in the place of who has its place."""
    is_maintained = view.mode == "maintenance" and view.condition != "fenced"
    return Status("maintenance") if is_maintained else status_of(view.condition)


def node_row(view: NodeView) -> Row:
    return Row(
        {
            "name": view.name,
            "branch": view.branch or None,
            "contact": status_of(view.contact),
            "condition": condition_of(view),
            "cpu": shown_share(view.cpu_bp),
            "memory": shown_share(view.memory_bp),
            "disk": shown_share(view.disk_bp),
            "queue": None if view.queue is None else f"{view.queue:,}",
            "strip": [cell_of(word) for word in view.strip],
        },
        id=view.name,
        url=f"/nodes/{view.name}",
        is_muted=view.contact in ("silent", "never_seen"),
    )


@cache
def cell_of(word: str) -> Cell:
    """The cell of a word of the strip; fifty strips of sixty share them."""
    return Cell(word)


def shown_share(share_bp: int | None) -> str | None:
    """A share in words; None is a dash: a silent node has no value, not an unknown one."""
    return None if share_bp is None else percent(share_bp)


def nodes_table(rows: Sequence[Row], count: int, empty: Empty, next_url: str, previous_url: str) -> TableView:
    return TableView(
        key="nodes",
        caption=_("Nodes"),
        columns=[
            Column("name", _("Node"), phone="head"),
            Column("branch", _("Branch")),
            Column("contact", _("Contact"), "status", phone="second"),
            Column("condition", _("Condition"), "status", phone="second"),
            Column("cpu", _("CPU"), "number", phone="second"),
            Column("memory", _("Memory"), "number"),
            Column("disk", _("Disk"), "number"),
            Column("queue", _("Queue"), "number", phone="rest"),
            Column("strip", _("Last 60 min"), "strip"),
        ],
        rows=rows,
        empty=empty,
        count=Count(count),
        next_url=next_url,
        previous_url=previous_url,
    )


def services_table(services: Sequence[ServiceState], orders: Mapping[str, Link]) -> TableView:
    """`orders`: the button beside each service by its name, where the person may order something."""
    rows = [
        Row(
            {
                "service": service.name,
                "state": Status(service_status(service.state, service.rung, is_fenced=service.is_fenced)),
                "since": service.since,
                "starts": service.starts_in_window,
                "exit": exit_word(service.last_exit) or None,
                "order": orders.get(service.name),
            },
            id=service.name,
        )
        for service in services
    ]
    return TableView(
        key="services",
        caption=_("Services"),
        columns=[
            Column("service", _("Service"), phone="head"),
            Column("state", _("State"), "status", phone="second"),
            Column("since", _("Running since"), "instant", phone="second"),
            Column("starts", _("Starts in 10 min"), "number"),
            Column("exit", _("Last exit")),
            *([Column("order", _("Do"), "link", phone="second")] if orders else []),
        ],
        rows=rows,
        empty=Empty("nothing", _("No service has been reported yet.")),
        shows_caption=True,
    )


CAUSES = {
    "exit": N_("ended"),
    "hang": N_("hung"),
    "resource": N_("used too much"),
    "dependency": N_("needed a restarted service"),
    "command": N_("ordered"),
    "lost": N_("lost from sight"),
    "primary_gone": N_("primary gone"),
}
OUTCOMES = {
    "in_progress": "waiting",
    "recovered": "ok",
    "failed_again": "node_failed",
    "crash_loop": "crash_loop",
    "given_up": "node_failed",
}


def recovery_row(recovery: Recovery) -> Row:
    cause = _(CAUSES.get(recovery.cause, recovery.cause))
    if recovery.exit and recovery.exit != "unknown":
        cause = _("%(cause)s (%(exit)s)", cause=cause, exit=exit_word(recovery.exit))
    if recovery.action == "standby":
        cause = _("standby takes over: %(cause)s", cause=cause)
    return Row(
        {
            "at": recovery.detected_at,
            "node": recovery.node,
            "service": recovery.service,
            "cause": cause,
            "detect": time_taken(recovery.detect_micros),
            "act": time_taken(recovery.act_micros),
            "ready": time_taken(recovery.ready_micros),
            "outcome": Status(OUTCOMES.get(recovery.outcome, "unknown")),
        },
        links={"node": f"/nodes/{recovery.node}"},
    )


def recoveries_table(found: Sequence[Recovery], *, caption: str = "", with_node: bool = False) -> TableView:
    node = [Column("node", _("Node"), phone="second")] if with_node else []
    return TableView(
        key="recoveries",
        caption=caption or _("Healed itself in the last 24 hours"),
        columns=[
            Column("at", _("When"), "instant", phone="head"),
            *node,
            Column("service", _("Service"), phone="second"),
            Column("cause", _("Cause")),
            Column("detect", _("Noticed after")),
            Column("act", _("Restarted after")),
            Column("ready", _("Ready after")),
            Column("outcome", _("Outcome"), "status", phone="second"),
        ],
        rows=[recovery_row(recovery) for recovery in found],
        empty=Empty("nothing", _("Nothing had to be repaired.")),
        shows_caption=True,
    )


def time_taken(micros: int | None) -> str | None:
    """36 ms, 12.6 s, 1 min 5 s."""
    if micros is None:
        return None
    seconds = micros / 1e6
    return _("%(seconds)s s", seconds=f"{seconds:.1f}") if 1 <= seconds < 60 else duration(seconds)
