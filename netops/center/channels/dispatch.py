"""Turns what is due into notices of the outbox: the notice, the marks on its incidents and their timeline in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from netops.center.alerts.telling import Candidate, Pace, Telling, telling
from netops.center.channels.messages import message
from netops.center.incidents.actions import add_event
from netops.center.models import Channel, Incident, Notice
from netops.center.settings import CenterSettings
from shared.canonical import from_micros, to_micros
from shared.database import transaction

RECENT = timedelta(days=7)


def pace_of(settings: CenterSettings) -> Pace:
    return Pace(settings.group_seconds, settings.interval_seconds, settings.repeat_hours * 3_600)


async def tell_channels(settings: CenterSettings, now: datetime) -> int:
    """Write what is due for every channel; how many notices. Called by the one engine; a second call at the same instant
    finds everything told."""
    incidents = await incidents_to_tell(now)
    count = 0
    for channel in await Channel.filter(is_enabled=True):
        mine = [incident for incident in incidents if concerns(channel, incident)]
        last = await Notice.filter(channel=channel.id).order_by("-made_at").first()
        due = telling(
            [candidate(channel, incident, now) for incident in mine],
            last.made_at.timestamp() if last else None,
            now.timestamp(),
            pace_of(settings),
        )
        if due:
            await write_notice(channel, {incident.id: incident for incident in mine}, due, now, settings)
            count += 1
    return count


async def incidents_to_tell(now: datetime) -> list[Incident]:
    """Open incidents, and those that ended lately and somebody was told of."""
    open_ones = await Incident.filter(closed_at=None, is_history=False, is_muted=False)
    ended = await Incident.filter(closed_at__gte=now - RECENT, is_history=False, is_muted=False)
    return [*open_ones, *(incident for incident in ended if incident.told)]


def concerns(channel: Channel, incident: Incident) -> bool:
    """Whether a channel hears of an incident: grave enough, or escalated to it."""
    if channel.is_for_escalation and incident.escalated_at is None:
        return False
    return incident.severity <= channel.least_severity


def candidate(channel: Channel, incident: Incident, now: datetime) -> Candidate:
    opened, closed = incident.told.get(str(channel.id), (None, None))
    return Candidate(
        incident.id,
        incident.severity,
        incident.known_at.timestamp(),
        incident.closed_at is None,
        incident.acknowledged_at is not None,
        bool(incident.caused_by) or (incident.snoozed_until is not None and incident.snoozed_until > now),
        from_micros(opened).timestamp() if opened else None,
        from_micros(closed).timestamp() if closed else None,
    )


async def write_notice(
    channel: Channel,
    incidents: Mapping[str, Incident],
    due: Telling,
    now: datetime,
    settings: CenterSettings,
) -> Notice:
    """The notice of a telling."""
    told = [incidents[id] for id in (*due.new, *due.again)]
    ended = [incidents[id] for id in due.ended]
    subject, body = message(channel.locale, told, ended, now, settings)
    async with transaction():
        notice = await Notice.create(
            channel=channel.id,
            kind="troubles" if told else "ended",
            incidents=[incident.id for incident in (*told, *ended)],
            subject=subject[:200],
            body=body,
            made_at=now,
            due_at=now,
        )
        await mark(channel, told, ended, now)
    return notice


async def mark(channel: Channel, told: Sequence[Incident], ended: Sequence[Incident], now: datetime) -> None:
    """Note on each incident that this channel was told."""
    micros = to_micros(now)
    for incident in (*told, *ended):
        opened, _closed = incident.told.get(str(channel.id), (None, None))
        incident.told = {
            **incident.told,
            str(channel.id): [micros, None] if incident in told else [opened, micros],
        }
        await incident.save(update_fields=["told"])
        await add_event(incident, "told", now, facts={"channel": channel.name})
