"""Opening and closing incidents, and what persons do with them. Each change is a row of the timeline in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from netops.center.audit.actions import record
from netops.center.incidents.rules import SNOOZE_LIMIT, severity_of_agent
from netops.center.models import Incident, IncidentEvent
from netops.center.nodes.state import NodeState
from shared import clock
from shared.database import engine, execute, fetch_value, transaction
from shared.errors import Conflict, Invalid, NotFound
from shared.i18n import N_
from shared.ids import new_id
from shared.nodes.report import Incident as ReportedIncident


async def take_agent_incident(node: NodeState, reported: ReportedIncident, received_at: datetime) -> None:
    """Write what an agent says of an incident of its own; news of it go to the timeline. May be called again."""
    found = await Incident.get_or_none(id=reported.id)
    if found is None:
        found = await open_incident(
            reported.kind,
            f"agent {reported.id}",
            id=reported.id,
            severity=severity_of_agent(reported.kind),
            node=node,
            nodes=[node.name],
            service=reported.service,
            opened_at=reported.opened_at,
            is_history=reported.history,
        )
        found.is_muted = node.mode == "maintenance"
    elif found.closed_at is not None and reported.closed_at is None:
        await reopen(found, received_at)
    found.exit, found.detail = reported.exit[:80], reported.detail
    found.last_lines, found.tries = reported.last_lines, reported.tries
    if reported.closed_at is not None and found.closed_at is None:
        await add_event(found, "closed", reported.closed_at)
    found.closed_at = reported.closed_at
    await found.save()


async def open_incident(
    kind: str,
    cause: str,
    *,
    id: str = "",
    severity: int,
    opened_at: datetime,
    nodes: Sequence[str],
    node: NodeState | None = None,
    branch: str = "",
    service: str = "",
    facts: dict[str, Any] | None = None,
    is_history: bool = False,
) -> Incident:
    """A new incident with the next number, and the first line of its timeline."""
    async with transaction():
        if engine() == "postgres":
            await execute("LOCK TABLE incident IN SHARE ROW EXCLUSIVE MODE")
        number = (await fetch_value("SELECT max(number) AS last FROM incident") or 0) + 1
        incident = await Incident.create(
            id=id or str(new_id()), number=number, kind=kind, cause=cause, severity=severity,
            node=node.name if node else "", branch=branch or (node.branch if node else ""), service=service,
            nodes=list(nodes), facts=facts or {}, opened_at=opened_at, is_history=is_history,
        )  # fmt: skip
        await add_event(incident, "opened", opened_at, facts=facts)
    return incident


async def add_event(
    incident: Incident,
    kind: str,
    at: datetime,
    *,
    actor: str = "",
    facts: dict[str, Any] | None = None,
    text: str = "",
) -> None:
    """A line of the timeline."""
    await IncidentEvent.create(
        incident=incident.id, at=at, kind=kind, actor=actor, facts=facts or {}, text=text
    )


async def close_incident(incident: Incident, at: datetime) -> None:
    """The cause is gone. A second call changes nothing."""
    async with transaction():
        if await Incident.filter(id=incident.id, closed_at=None).update(closed_at=at):
            await add_event(incident, "closed", at)


async def reopen(incident: Incident, at: datetime, facts: dict[str, Any] | None = None) -> None:
    """The same trouble soon after its end: the same number and timeline. Channels that were told of the end are told of this as
    of a new one, and it has to be acknowledged within the time for escalation anew. An end of which somebody who knew of the
    incident was not told is none: whoever has it in hand still has it."""
    still_told = {channel: told for channel, told in incident.told.items() if told[1] is None}
    if not still_told:
        incident.known_at, incident.escalated_at = at, None
        incident.acknowledged_at, incident.acknowledged_by = None, ""
    incident.closed_at = None
    incident.caused_by = ""
    incident.told = still_told
    async with transaction():
        await incident.save()
        await add_event(incident, "reopened", at, facts=facts)


async def change_members(incident: Incident, nodes: Sequence[str], at: datetime) -> None:
    """Nodes that joined or left an open incident."""
    joined = [name for name in nodes if name not in incident.nodes]
    left = [name for name in incident.nodes if name not in nodes]
    if joined or left:
        async with transaction():
            incident.nodes = list(nodes)
            await incident.save(update_fields=["nodes"])
            await add_event(incident, "members", at, facts={"joined": joined, "left": left})


async def link(incident: Incident, cause: str, number: int | None, at: datetime) -> None:
    """The incident `cause` explains this one; "": nothing does any more, it stands for itself. `number` is of the cause, new or
    former, None when it is long over."""
    incident.caused_by = cause
    async with transaction():
        await Incident.filter(id=incident.id).update(caused_by=cause)
        await add_event(incident, "linked" if cause else "unlinked", at, facts={"number": number})


async def incident_numbered(number: int) -> Incident:
    """The incident. Raises NotFound."""
    found = await Incident.get_or_none(number=number)
    if found is None:
        raise NotFound()
    return found


async def acknowledge(incident: Incident, actor: str) -> None:
    """Somebody has it in hand: it is not repeated and not escalated. Conflict when somebody else was first."""
    now = clock.now()
    async with transaction():
        if not await Incident.filter(id=incident.id, acknowledged_at=None).update(
            acknowledged_at=now, acknowledged_by=actor
        ):
            raise Conflict(
                N_("This incident was acknowledged meanwhile. Open it again to see by whom."),
                code="incident.acknowledged",
            )
        await add_event(incident, "acknowledged", now, actor=actor)
        await record(actor, "incident.acknowledge", f"INC-{incident.number}")


async def assign(incident: Incident, actor: str, to: str) -> None:
    """Give it to a person; that also acknowledges it in the person's name when nobody has."""
    now = clock.now()
    async with transaction():
        await Incident.filter(id=incident.id).update(assigned_to=to)
        await Incident.filter(id=incident.id, acknowledged_at=None).update(
            acknowledged_at=now, acknowledged_by=actor
        )
        await add_event(incident, "assigned", now, actor=actor, facts={"to": to})
        await record(actor, "incident.assign", f"INC-{incident.number}", to=to)


async def snooze(incident: Incident, actor: str, until: datetime, reason: str) -> None:
    """Quiet until a time, at most a week. Invalid for a time that is over or too far."""
    now = clock.now()
    if not now < until <= now + timedelta(days=SNOOZE_LIMIT):
        message = N_("Choose a time from now to seven days ahead.")
        raise Invalid(message, fields={"until": message}, code="incident.snooze")
    async with transaction():
        await Incident.filter(id=incident.id).update(snoozed_until=until)
        await add_event(
            incident, "snoozed", now, actor=actor, facts={"until": until.isoformat()}, text=reason
        )
        await record(
            actor, "incident.snooze", f"INC-{incident.number}", reason=reason, until=until.isoformat()
        )


async def escalate(incident: Incident, actor: str, reason: str) -> None:
    """Tell the channels for escalation now, not only after the time nobody answered. A second call changes nothing."""
    now = clock.now()
    async with transaction():
        if await Incident.filter(id=incident.id, escalated_at=None).update(escalated_at=now):
            await add_event(incident, "escalated", now, actor=actor, text=reason)
            if actor:
                await record(actor, "incident.escalate", f"INC-{incident.number}", reason=reason)


async def add_note(incident: Incident, actor: str, text: str) -> None:
    """A person's words in the timeline."""
    async with transaction():
        await add_event(incident, "note", clock.now(), actor=actor, text=text)
        await record(actor, "incident.note", f"INC-{incident.number}")
