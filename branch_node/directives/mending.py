"""Values that headquarters proposes for one row here: shown with the directive that brings them, carried out by its recipient.

What is written is captured like any other change, so that headquarters gets the corrected row in its turn.
"""

from uuid import UUID

import msgspec

from branch_node.audit import note
from branch_node.directives.actions import take_step
from branch_node.directives.queries import content_of
from branch_node.home import home
from branch_node.replication.merging import canonical_rows, put_rows
from shared import clock
from shared.canonical import to_micros
from shared.database import transaction
from shared.errors import Conflict
from shared.i18n import N_
from shared.permissions import Person
from shared.records import Directive, DirectiveFile
from shared.replication.columns import replicated_tables
from shared.replication.mend import MEND_TYPE, Mend, read_mend


async def mend_of(directive_id: UUID) -> Mend | None:
    """What the directive proposes; None when it proposes nothing, or not all of it has arrived."""
    found = await DirectiveFile.filter(
        directive_id=directive_id, media_type=MEND_TYPE, deleted_at=None
    ).first()
    if found is None:
        return None
    try:
        _name, content = await content_of(directive_id, found.file_id)
    except Conflict:
        return None
    mend = read_mend(content)
    return mend if mend is not None and mend.table in replicated_tables() else None


async def present_row(mend: Mend) -> dict[str, object] | None:
    """The row as it is here, None when it is gone or belongs to somebody else."""
    rows = await canonical_rows(replicated_tables()[mend.table], [mend.row_id])
    row = msgspec.json.decode(rows[mend.row_id]) if mend.row_id in rows else None
    return row if row is not None and row["branch"] == home().code else None


async def carry_out(person: Person, directive: Directive) -> None:
    """Write the proposed values and report the directive as done; a second call changes nothing more.

    Conflict when the row is gone or the values do not fit it. Raises what `take_step` raises. One transaction.
    """
    mend = await mend_of(directive.id)
    if mend is None:
        raise Conflict(N_("This directive proposes no values."), code="mend.none")
    table = replicated_tables()[mend.table]
    async with transaction():
        await take_step(person, directive, "done")
        row = await present_row(mend)
        if row is None:
            raise Conflict(N_("The row is no longer here. Report to HQ."), code="mend.gone")
        before = {name: row.get(name) for name in mend.values}
        if before == mend.values:
            return
        stamp = {
            "revision": int(str(row["revision"])) + 1,
            "changed_at": to_micros(clock.now()),
            "changed_by": str(person.id),
        }
        after = {name: {**row, **mend.values, **stamp}.get(name) for name in table.names}
        try:
            await put_rows(table, [(mend.row_id, msgspec.json.encode(after).decode())])
        except ValueError as error:
            raise Conflict(N_("The values do not fit the row. Report to HQ."), code="mend.unfit") from error
        await note(person, "mend.carried_out", mend.table, UUID(mend.row_id), directive=directive.number, before=before)  # fmt: skip
