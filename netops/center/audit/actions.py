"""Writing the audit: one call per action of an operator, in the transaction of what was done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from netops.center.audit.rules import Link, entry_bytes
from netops.center.models import AuditEntry
from shared import clock
from shared.database import engine, execute, fetch_rows, transaction
from shared.nodes.command import audit_hash


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did: `action` is a word such as "incident.acknowledge"; `facts` are JSON values, secrets never."""

    actor: str
    action: str
    subject: str = ""
    reason: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


async def record(actor: str, action: str, subject: str = "", *, reason: str = "", **facts: Any) -> AuditEntry:
    """Add an entry to the chain; see `record_all`."""
    return (await record_all([Act(actor, action, subject, reason, facts)]))[0]


async def record_all(acts: Sequence[Act]) -> list[AuditEntry]:
    """Add entries to the chain, in order. Call it inside the transaction of the action, so that neither stands without the
    other. Writers take turns: the transaction that writes first holds the end of the chain until it commits."""
    async with transaction():
        if engine() == "postgres":
            await execute("LOCK TABLE operator_act IN SHARE ROW EXCLUSIVE MODE")
        last = await fetch_rows("SELECT seq, hash FROM operator_act ORDER BY seq DESC LIMIT 1")
        seq, before = last[0] if last else (0, "")
        now, rows = clock.now(), []
        for act in acts:
            seq += 1
            link = Link(seq, now, act.actor[:80], act.action, act.subject, act.reason, act.facts, "")
            link = replace(link, hash=audit_hash(before, entry_bytes(link)))
            before = link.hash
            rows.append(
                AuditEntry(
                    seq=seq, at=now, actor=link.actor, action=link.action, subject=link.subject,
                    reason=link.reason, facts=act.facts, hash=link.hash,
                )
            )  # fmt: skip
        await AuditEntry.bulk_create(rows)
        return rows
