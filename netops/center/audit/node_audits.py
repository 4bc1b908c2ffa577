"""The nodes' own audits: kept as they arrive, followed from hash to hash, compared with what each node says its end is.

All of it runs inside the transaction of the report that brought it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from netops.center.audit.actions import record
from netops.center.audit.models import NodeAudit, NodeAuditStep
from shared import clock
from shared.i18n import N_
from shared.nodes.command import audit_entry, audit_hash
from shared.nodes.report import AuditSlice, CommandResult


@dataclass(frozen=True)
class Step:
    """An entry of a node's audit: its hash, the hash before it, the text that was hashed."""

    hash: str
    previous: str
    entry: str


async def note_step(node: str, step: CommandResult) -> None:
    """Keep one step of a node's own audit as it came with a command's result. May be called twice."""
    text = audit_entry(step)
    if step.audit and audit_hash(step.audit_before, text) == step.audit:
        await _keep(node, [Step(step.audit, step.audit_before, text.decode())])


async def take_slice(node: str, slice_: AuditSlice) -> list[CommandResult]:
    """Keep what a node sent of its audit; the steps of commands in it, so that none is lost with a spool.

    A slice that does not hash, or that does not know what was proved, marks the node's audit as broken.
    """
    found = await _of(node)
    if not slice_.is_known:
        await _mark(found, "broken", N_("the node no longer has the entry that was proved last"))
    links, head = [], slice_.after if slice_.is_known else ""
    for step in slice_.entries:
        if audit_hash(head, step.text.encode()) != step.hash:
            await _mark(found, "broken", N_("an entry of the node does not follow from the one before it"))
            break
        links.append(Step(step.hash, head, step.text))
        head = step.hash
    await _keep(node, links)
    if links and found.state != "broken":
        await compare(node, found.claimed)
    return [_result_of(link) for link in links]


def _result_of(step: Step) -> CommandResult:
    id, seq, state, at, code = msgspec.json.decode(step.entry, type=tuple[str, int, str, datetime, str])
    return CommandResult(
        id=id, seq=seq, state=state, at=at, code=code, audit=step.hash, audit_before=step.previous
    )


async def compare(node: str, claimed: str, judged: int = 0) -> str | None:
    """Compare a node's head with what it reported. The hash after which it should send its audit, None: nothing is missing.

    1. Follow the entries that are here from the proved head. 2. Where they end at the node's head both sides are equal.
    3. Else entries are missing (or were changed): ask for them. A broken audit stays broken until a person accepts it.
    """
    found = await _of(node)
    found.claimed, found.checked_at = claimed, clock.now()
    found.judged = max(found.judged, judged)
    if found.state != "broken":
        while rows := await NodeAuditStep.filter(node=node, previous=found.proved).limit(2):
            if len(rows) > 1:
                await _mark(found, "broken", N_("two entries of the node follow the same one"))
                return None
            found.proved, found.proved_count = rows[0].hash, found.proved_count + 1
        found.state = "equal" if found.proved == claimed else "behind"
    await found.save()
    return found.proved if found.state == "behind" else None


async def is_equal(node: str) -> bool:
    """Whether the last comparison found both sides equal."""
    return await NodeAudit.exists(node=node, state="equal")


async def accept_break(node: str, who: str, reason: str) -> None:
    """A person has looked: the node's audit begins anew at what it says now."""
    found = await _of(node)
    await record(who, "audit.accept", node, reason=reason, proved=found.proved, claimed=found.claimed)
    found.state, found.detail, found.proved = "equal", "", found.claimed
    await found.save()


async def _of(node: str) -> NodeAudit:
    found, _ = await NodeAudit.get_or_create(node=node)
    return found


async def _mark(found: NodeAudit, state: str, detail: str) -> None:
    """A break is itself an entry of the center's audit, once."""
    if found.state != state:
        await record("center", "audit.broken", found.node, reason=detail, proved=found.proved)
    found.state, found.detail, found.checked_at = state, detail, clock.now()
    await found.save()


async def _keep(node: str, links: Sequence[Step]) -> None:
    now = clock.now()
    rows = [
        NodeAuditStep(node=node, hash=link.hash, previous=link.previous, entry=link.entry, received_at=now)
        for link in links
    ]
    await NodeAuditStep.bulk_create(rows, ignore_conflicts=True)
