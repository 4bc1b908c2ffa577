"""Writing the audit: one call per action of an operator, in the transaction of what was done."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from netops.center.audit.rules import Link, entry_bytes
from netops.center.models import AuditEntry
from shared import clock
from shared.database import engine, execute, transaction
from shared.nodes.command import audit_hash


async def record(actor: str, action: str, subject: str = "", *, reason: str = "", **facts: Any) -> AuditEntry:
    """Add an entry to the chain. Call it inside the transaction of the action, so that neither stands without the other.

    `action` is a word such as "incident.acknowledge"; `facts` are JSON values, secrets never. Writers take turns: the
    transaction that writes first holds the end of the chain until it commits.
    """
    async with transaction():
        if engine() == "postgres":
            await execute("LOCK TABLE audit_entry IN SHARE ROW EXCLUSIVE MODE")
        last = await AuditEntry.all().order_by("-seq").first()
        seq, before = (last.seq + 1, last.hash) if last else (1, "")
        link = Link(seq, clock.now(), actor, action, subject, reason, facts, "")
        link = replace(link, hash=audit_hash(before, entry_bytes(link)))
        return await AuditEntry.create(
            seq=seq, at=link.at, actor=actor, action=action, subject=subject, reason=reason, facts=facts, hash=link.hash
        )  # fmt: skip
