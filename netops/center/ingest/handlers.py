"""The requests that agents make."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from netops.center.ingest.proof import accept_once, prove
from netops.center.ingest.records import greeted, take_records
from netops.center.ingest.rules import credit, is_full
from netops.center.ingest.topics import FLEET, INCIDENTS, LINES, of_node
from netops.center.ingest.writer import Arrival, Writer
from netops.center.nodes.state import Fleet, NodeState
from shared import clock
from shared.errors import Invalid
from shared.i18n import N_
from shared.nodes.report import Ack, LogBatch, Report, SampleBatch, TooLarge, decode_report

_ANSWER = msgspec.json.Encoder()


async def take_report(request: Request) -> Response:
    """POST /agent/v1/report: proved, committed, then known to the state table, then acknowledged."""
    writer: Writer = request.app.state.writer
    if is_full(writer.waiting_count):
        return Response(status_code=503, headers={"retry-after": "5"})
    body = await request.body()
    node, signed = await prove(request, body)
    try:
        report = decode_report(body, request.headers.get("content-encoding", ""))
    except (TooLarge, msgspec.DecodeError) as error:
        raise Invalid(N_("The report cannot be read.")) from error
    accept_once(node, signed)
    now = clock.now()
    node.state = (
        report.state or node.state
    )  # before its records: whoever reads a result finds the state it left
    has_records = await take_records(node, report.items, now)
    missing = await greeted(node, report.hello)
    word = "maintenance" if node.mode == "maintenance" else report.state.condition if report.state else "ok"
    node.strip.mark(now, word)
    arrival = Arrival(node, report, now)
    await writer.store(arrival)
    know(request, arrival, is_news=has_records)
    return Response(
        _ANSWER.encode(acknowledge(request, node, report, missing)), media_type="application/json"
    )


def know(request: Request, arrival: Arrival, *, is_news: bool) -> None:
    """Tell the state table and open pages what was committed."""
    node, report = arrival.node, arrival.report
    node.received_at = arrival.received_at
    node.hello = report.hello or node.hello
    topics = [FLEET, of_node(node.name)]
    for item in report.items:
        if isinstance(item, SampleBatch):
            node.took(item)
            node.remember(item, arrival.received_at.timestamp(), request.app.state.fleet.windows)
        elif isinstance(item, LogBatch):
            topics.append(LINES)
    request.app.state.hub.publish(*topics, *([INCIDENTS] if is_news else []))


def acknowledge(request: Request, node: NodeState, report: Report, audit_after: str | None) -> Ack:
    """What the agent may forget and what it may do next."""
    fleet: Fleet = request.app.state.fleet
    writer: Writer = request.app.state.writer
    granted = credit(
        report_seconds=request.app.state.settings.report_seconds,
        node_count=len(fleet),
        waiting_count=writer.waiting_count,
        spool_items=report.state.spool_items if report.state else 0,
    )
    return Ack(
        at=clock.now(),
        taken=[item.key for item in report.items if item.key],
        credit_items=granted.items,
        credit_bytes=granted.size_bytes,
        wait_seconds=min(1.0, granted.wait_seconds) if node.is_watched else granted.wait_seconds,
        is_watched=node.is_watched,
        say_hello=node.hello is None,
        audit_after=audit_after,
        maintenance_until=node.maintenance_until,
    )
