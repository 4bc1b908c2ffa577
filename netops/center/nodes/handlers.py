"""Pages of nodes, and the two requests that agents make."""

import asyncio
from datetime import datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from netops.center.models import Node, Recovery
from netops.center.nodes import actions, queries
from netops.center.nodes.pages import FleetPage, NodePage
from netops.center.nodes.rules import service_status
from shared import clock
from shared.errors import Invalid, Refused
from shared.i18n import N_
from shared.i18n import gettext as _
from shared.nodes.identity import BadSignature, SignedRequest, claimed_node, verify_request
from shared.nodes.report import CommandOutbox, TooLarge, decode_report
from shared.web.parts import Column, Empty, Row, Status, TableView
from shared.web.responses import page

LONGEST_WAIT_SECONDS = 50.0


async def show_fleet(request: Request) -> Response:
    views = await queries.fleet(request.app.state.settings)
    rows = [node_row(view) for view in views]
    services = [service_row(view.name, service) for view in views for service in view.services]
    return page(
        request,
        "nodes/list.html",
        FleetPage(
            checked_at=clock.now(),
            node_count=len(views),
            troubled=[view.name for view in views if view.needs_help],
            incidents=await queries.open_incidents(),
            nodes=nodes_table(rows),
            services=services_table(services),
            recoveries=recoveries_table(await queries.recoveries()),
        ),
    )


async def show_node(request: Request) -> Response:
    node = await queries.node_named(request.path_params["name"])
    view = queries.node_view(node, clock.now(), request.app.state.settings)
    return page(
        request,
        "nodes/show.html",
        NodePage(
            name=view.name,
            role=view.role,
            contact=view.contact,
            condition=condition_status(view.condition),
            received_at=view.received_at,
            incidents=await queries.open_incidents(view.name),
            services=services_table([service_row(view.name, service) for service in view.services]),
            recoveries=recoveries_table(await queries.recoveries(view.name)),
            lines=await queries.latest_lines(view.name),
        ),
    )


def condition_status(condition: str) -> str:
    """The key of the status part for a node's condition."""
    return "node_failed" if condition == "failed" else condition


def node_row(view: queries.NodeView) -> Row:
    return Row(
        {
            "name": view.name,
            "contact": Status(view.contact),
            "condition": Status(condition_status(view.condition)),
            "cpu": view.cpu_bp,
            "memory": view.memory_bp,
            "disk": view.disk_bp,
            "services": len(view.services),
            "received": view.received_at,
        },
        url=f"/nodes/{view.name}",
        is_muted=view.contact == "silent",
    )


def nodes_table(rows: list[Row]) -> TableView:
    return TableView(
        key="nodes",
        caption=_("Nodes"),
        columns=[
            Column("name", _("Node"), phone="head"),
            Column("contact", _("Contact"), "status", phone="second"),
            Column("condition", _("Condition"), "status", phone="second"),
            Column("cpu", _("CPU"), "percent"),
            Column("memory", _("Memory"), "percent"),
            Column("disk", _("Disk"), "percent"),
            Column("services", _("Services"), "number"),
            Column("received", _("Heard of"), "instant"),
        ],
        rows=rows,
        empty=Empty(
            "nothing", _("No node has been enrolled yet. An agent appears here once it has reported.")
        ),
    )


def service_row(node: str, service: dict[str, object]) -> Row:
    since = service.get("since")
    return Row(
        {
            "service": service.get("name", ""),
            "node": node,
            "state": Status(service_status(service)),
            "since": datetime.fromisoformat(str(since)) if since else None,
            "starts": service.get("starts_in_window", 0),
            "exit": service.get("last_exit") or None,
        }
    )


def services_table(rows: list[Row]) -> TableView:
    return TableView(
        key="services",
        caption=_("Services"),
        columns=[
            Column("service", _("Service"), phone="head"),
            Column("node", _("Node")),
            Column("state", _("State"), "status", phone="second"),
            Column("since", _("Running since"), "instant", phone="second"),
            Column("starts", _("Starts in 10 min"), "number"),
            Column("exit", _("Last exit")),
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
}
OUTCOMES = {
    "in_progress": "waiting",
    "recovered": "ok",
    "failed_again": "node_failed",
    "crash_loop": "crash_loop",
    "given_up": "node_failed",
}


def recoveries_table(found: list[Recovery]) -> TableView:
    rows = [
        Row(
            {
                "at": recovery.detected_at,
                "service": recovery.service,
                "cause": " ".join(
                    part for part in (_(CAUSES.get(recovery.cause, recovery.cause)), recovery.exit) if part
                ),
                "ready": milliseconds(recovery.ready_micros),
                "outcome": Status(OUTCOMES.get(recovery.outcome, "unknown")),
            }
        )
        for recovery in found
    ]
    return TableView(
        key="recoveries",
        caption=_("Healed itself in the last 24 hours"),
        columns=[
            Column("at", _("When"), "instant", phone="head"),
            Column("service", _("Service"), phone="second"),
            Column("cause", _("Cause"), phone="second"),
            Column("ready", _("Ready after")),
            Column("outcome", _("Outcome"), "status"),
        ],
        rows=rows,
        empty=Empty("nothing", _("Nothing had to be repaired.")),
        shows_caption=True,
    )


def milliseconds(micros: int | None) -> str | None:
    """36 ms, 1,250 ms."""
    return None if micros is None else f"{round(micros / 1000):,} ms"


async def take_report(request: Request) -> Response:
    """POST /agent/v1/report: stored in one transaction, then acknowledged."""
    body = await request.body()
    node, signed = await _prove(request, body)
    try:
        report = decode_report(body, request.headers.get("content-encoding", ""))
    except (TooLarge, msgspec.DecodeError) as error:
        raise Invalid(N_("The report cannot be read.")) from error
    ack = await actions.take_report(node, signed, report, request.app.state.settings)
    return Response(msgspec.json.encode(ack), media_type="application/json")


async def wait_for_commands(request: Request) -> Response:
    """GET /agent/v1/commands: answers when the wait is over; no command is queued by this release."""
    await _prove(request, b"")
    try:
        wait = min(float(request.query_params.get("wait", "0")), LONGEST_WAIT_SECONDS)
    except ValueError:
        raise Refused(N_("The report cannot be read.")) from None
    await asyncio.sleep(max(wait, 0.0))
    return Response(msgspec.json.encode(CommandOutbox(at=clock.now())), media_type="application/json")


async def _prove(request: Request, body: bytes) -> tuple[Node, SignedRequest]:
    """The node behind a request, by the key on file. Raises a refusal of shared.nodes.identity."""
    node = await Node.get_or_none(name=claimed_node(request.headers))
    if node is None or node.status != "active":
        raise BadSignature(
            N_("This node is not enrolled here, or was revoked. Enrol it again with a new token.")
        )
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return node, verify_request(node.public_key, request.headers, request.method, target, body)
