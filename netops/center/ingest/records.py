"""The rare items of a report, which belong to the center's records: recoveries, incidents, results of commands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from netops.center.audit.node_audits import take_slice
from netops.center.commands.actions import reconcile, take_result
from netops.center.incidents.actions import take_agent_incident
from netops.center.models import Recovery
from netops.center.nodes.state import NodeState
from shared.database import transaction
from shared.nodes.report import AuditSlice, CommandResult, Hello, Incident, Item, RecoveryRecord

Taker = Callable[[NodeState, Any, datetime], Awaitable[None]]


async def take_recovery(node: NodeState, record: RecoveryRecord, _received_at: datetime) -> None:
    """Write a recovery, or the times that were added to it. May be called again."""
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
            "detect_micros": micros(record.detect_seconds),
            "act_micros": micros(record.act_seconds),
            "ready_micros": micros(record.ready_seconds),
        },
    )


def micros(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1_000_000)


async def take_command_result(node: NodeState, result: CommandResult, _received_at: datetime) -> None:
    await take_result(node.name, result)


async def take_audit_slice(node: NodeState, part: AuditSlice, _received_at: datetime) -> None:
    """What a node's own audit says of commands counts like their results: none is lost with a spool."""
    for step in await take_slice(node.name, part):
        await take_result(node.name, step)


async def greeted(node: NodeState, hello: Hello | None) -> str | None:
    """After a greeting both audits are compared; the hash after which the node should send its own, None: nothing is missing."""
    if hello is None:
        return None
    async with transaction():
        return await reconcile(node.name, hello.command_seq, hello.audit_head)


TAKERS: Mapping[type, Taker] = {
    RecoveryRecord: take_recovery,
    Incident: take_agent_incident,
    CommandResult: take_command_result,
    AuditSlice: take_audit_slice,
}
"""Who keeps which kind of item."""


async def take_records(node: NodeState, items: list[Item], received_at: datetime) -> bool:
    """Keep the records among the items in one transaction; whether there were any. Known ones are written again."""
    found = [item for item in items if type(item) in TAKERS]
    if found:
        async with transaction():
            for item in found:
                await TAKERS[type(item)](node, item, received_at)
    return bool(found)
