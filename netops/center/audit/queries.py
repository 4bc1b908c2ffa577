"""Reads of the audit."""

from collections.abc import Sequence
from dataclasses import dataclass

from netops.center.audit.models import NodeAudit
from netops.center.audit.rules import Link, broken_at
from netops.center.models import AuditEntry

PAGE = 100
NODES_SHOWN = 50
BATCH = 5_000


@dataclass(frozen=True)
class Verdict:
    """Whether the center's chain is whole: how many entries were read, and the number of the first broken one."""

    count: int
    broken_at: int | None


def link_of(row: AuditEntry) -> Link:
    return Link(row.seq, row.at, row.actor, row.action, row.subject, row.reason, row.facts, row.hash)


async def verify() -> Verdict:
    """Reads the whole chain, in batches."""
    last, head, count = 0, "", 0
    while rows := await AuditEntry.filter(seq__gt=last).order_by("seq").limit(BATCH):
        if rows[0].seq != last + 1:
            return Verdict(count, last + 1)
        broken = broken_at([link_of(row) for row in rows], head)
        if broken is not None:
            return Verdict(count, broken)
        last, head, count = rows[-1].seq, rows[-1].hash, count + len(rows)
    return Verdict(count, None)


async def newest(before: int | None = None, subject: str = "") -> tuple[Sequence[AuditEntry], bool]:
    """A page of entries, newest first, and whether there are older ones."""
    found = AuditEntry.all().order_by("-seq")
    if before is not None:
        found = found.filter(seq__lt=before)
    if subject:
        found = found.filter(subject=subject)
    rows = await found.limit(PAGE + 1)
    return rows[:PAGE], len(rows) > PAGE


async def broken_among(rows: Sequence[AuditEntry]) -> int | None:
    """The first of these (newest first, neighbours) that does not follow from the one before it."""
    if not rows:
        return None
    before = await AuditEntry.filter(seq__lt=rows[-1].seq).order_by("-seq").first()
    return broken_at([link_of(row) for row in reversed(rows)], before.hash if before else "")


async def nodes() -> Sequence[NodeAudit]:
    """How far each node's audit is proved, those first that are broken or behind; at most NODES_SHOWN."""
    wrong = await NodeAudit.exclude(state="equal").order_by("node").limit(NODES_SHOWN)
    equal = await NodeAudit.filter(state="equal").order_by("node").limit(NODES_SHOWN - len(wrong))
    return [*wrong, *equal]


async def count_of_nodes() -> int:
    """How many nodes have an audit here."""
    return await NodeAudit.all().count()
