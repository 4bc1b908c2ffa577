"""What a person does about a change that was set aside; each leaves an entry in the audit trail."""

from uuid import UUID

import msgspec

from hq.audit.actions import note
from hq.directives.actions import attach, issue, write_directive
from hq.directives.rules import Unit
from hq.replication import quarantine
from hq.replication.models import QuarantinedChange
from shared.database import transaction
from shared.records import Directive
from shared.replication.mend import MEND_FILE, MEND_TYPE, Mend


async def try_again(change: QuarantinedChange) -> bool:
    """Try everything of the change's branch again, in the order of its log; whether this one is settled now."""
    await quarantine.retry(change.branch)
    await change.refresh_from_db()
    await note("quarantine.retried", change.tbl, None, {"branch": change.branch, "position": change.seq})
    return change.settled_at is not None


async def dismiss(change: QuarantinedChange, who: str, reason: str) -> None:
    """Settle it without applying it. Conflict when it is settled."""
    async with transaction():
        await quarantine.dismiss(change, who, reason)
        await note("quarantine.dismissed", change.tbl, None, {"branch": change.branch, "position": change.seq, "reason": reason})  # fmt: skip


async def propose(change: QuarantinedChange, mend: Mend, title: str, recipient: UUID, codes: frozenset[str] | None, author: str) -> Directive:  # fmt: skip
    """Send corrected values to a person at the branch, who carries them out; the directive. One transaction."""
    async with transaction():
        unit = Unit("employee", change.branch, str(recipient))
        directive = await write_directive(title=title, kind="notice", body=mend.reason, deadline_on=None, units=[unit], author=author)  # fmt: skip
        await attach(directive, MEND_FILE, MEND_TYPE, msgspec.json.encode(mend))
        await issue(directive, codes, author)
        await QuarantinedChange.filter(id=change.id).update(note=directive.number)
        await note("quarantine.mend_sent", change.tbl, directive.id, {"branch": change.branch, "position": change.seq, "directive": directive.number})  # fmt: skip
    return directive
