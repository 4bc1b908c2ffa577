"""The rare items of a report, which belong to the center's records: recoveries, incidents, results of commands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from netops.center.incidents.actions import take_agent_incident
from netops.center.models import Recovery
from netops.center.nodes.state import NodeState
from shared.database import transaction
from shared.nodes.report import CommandResult, Incident, Item, RecoveryRecord

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


async def take_command_result(_node: NodeState, _result: CommandResult, _received_at: datetime) -> None:
    """Results are kept by the command channel."""


TAKERS: Mapping[type, Taker] = {
    RecoveryRecord: take_recovery,
    Incident: take_agent_incident,
    CommandResult: take_command_result,
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
