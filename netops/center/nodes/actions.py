"""What agents tell, written once: a report is stored whole in one transaction and acknowledged after it."""

from datetime import timedelta
from typing import Any

import msgspec

from netops.center.models import Incident, LogLine, Node, Recovery, Sample
from netops.center.settings import CenterSettings
from shared import clock
from shared.database import transaction
from shared.database.fields import from_micros
from shared.errors import Conflict
from shared.i18n import N_
from shared.nodes.identity import ReplayState, SignedRequest, read_public_text
from shared.nodes.report import Ack, CommandResult, LogBatch, RecoveryRecord, Report, SampleBatch
from shared.nodes.report import Incident as ReportedIncident


async def enrol(name: str, role: str, public_key: str) -> Node:
    """Let a node report. The same key again changes nothing; another key for a known name is refused."""
    try:
        read_public_text(public_key)
    except ValueError:
        raise Conflict(N_("The public key cannot be read.")) from None
    found = await Node.get_or_none(name=name)
    if found is None:
        return await Node.create(name=name, role=role, public_key=public_key)
    if found.public_key != public_key:
        raise Conflict(N_("Node %(name)s is known with another key. Remove it first."), name=name)
    return found


async def take_report(node: Node, request: SignedRequest, report: Report, settings: CenterSettings) -> Ack:
    """Store a report and answer what was taken. Items that were stored before are taken again without effect."""
    now = clock.now()
    async with transaction():
        fresh = await Node.get(name=node.name)
        fresh.replay = ReplayState.from_text(fresh.replay).accept(request).to_text()
        fresh.received_at = now
        if report.hello is not None:
            fresh.hello = msgspec.to_builtins(report.hello)
        if report.state is not None:
            fresh.state = msgspec.to_builtins(report.state)
        taken = [await _take(fresh, item) for item in report.items]
        await fresh.save()
    return Ack(
        at=now,
        taken=[key for key in taken if key],
        wait_seconds=settings.report_seconds,
        say_hello=fresh.hello is None,
    )


async def _take(node: Node, item: Any) -> int:
    match item:
        case SampleBatch():
            await _take_samples(node, item)
        case LogBatch():
            await _take_lines(node, item)
        case RecoveryRecord():
            await _take_recovery(node, item)
        case ReportedIncident():
            await _take_incident(node, item)
        case CommandResult():
            pass
    return int(item.key)


async def _take_samples(node: Node, batch: SampleBatch) -> None:
    rows = [
        Sample(
            node=node.name,
            at=from_micros(row.at_us),
            values={
                name: value for name, value in zip(batch.names, row.values, strict=False) if value is not None
            },
        )
        for row in batch.rows
    ]
    await Sample.bulk_create(rows, ignore_conflicts=True)
    if rows and not batch.history:
        newest = max(rows, key=lambda row: row.at)
        node.last_sample = newest.values


async def _take_lines(node: Node, batch: LogBatch) -> None:
    rows = [
        LogLine(
            node=node.name,
            service=batch.service,
            source=batch.source,
            host_boot=batch.host_boot,
            inode=batch.inode,
            generation=batch.generation,
            start_byte=line.offset,
            at=line.at,
            level=line.level[:16],
            event=line.event[:200],
            text=line.text,
        )
        for line in batch.lines
    ]
    await LogLine.bulk_create(rows, ignore_conflicts=True)


async def _take_recovery(node: Node, record: RecoveryRecord) -> None:
    seconds = record.ready_seconds
    await Recovery.update_or_create(
        id=record.id,
        defaults={
            "node": node.name,
            "service": record.service,
            "cause": record.cause,
            "action": record.action,
            "outcome": record.outcome,
            "exit": record.exit[:80],
            "detail": record.detail,
            "detected_at": record.detected_at,
            "ready_at": record.ready_at,
            "stable_at": record.stable_at,
            "ready_micros": None if seconds is None else round(seconds * 1_000_000),
        },
    )


async def _take_incident(node: Node, incident: ReportedIncident) -> None:
    await Incident.update_or_create(
        id=incident.id,
        defaults={
            "node": node.name,
            "service": incident.service,
            "kind": incident.kind,
            "opened_at": incident.opened_at,
            "closed_at": incident.closed_at,
            "exit": incident.exit[:80],
            "detail": incident.detail,
            "last_lines": incident.last_lines,
            "tries": incident.tries,
        },
    )


async def forget_old_rows(settings: CenterSettings) -> None:
    """Delete samples and log lines beyond the time for which they are kept."""
    now = clock.now()
    await Sample.filter(at__lt=now - timedelta(hours=settings.keep_sample_hours)).delete()
    await LogLine.filter(at__lt=now - timedelta(days=settings.keep_log_days)).delete()
