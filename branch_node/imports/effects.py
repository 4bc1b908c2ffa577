"""What follows from imported rows at other rows, noted in the ledger so that an undo can take it back."""

from collections.abc import Iterable
from uuid import UUID

from branch_node.imports import ledger
from branch_node.imports.models import ImportedRow
from branch_node.imports.run import Run
from branch_node.imports.tables import Change, among, apply, comparable, insert_rows, listed
from branch_node.lists import as_kind
from shared.database import fetch_all


async def write_effects(run: Run, changes: Iterable[Change]) -> None:
    """Write changes that make a difference, inside the caller's transaction.

    Rows that this run made itself go with the undo anyway and are not noted.
    """
    real = []
    for change in changes:
        after = {
            name: value
            for name, value in change.after.items()
            if comparable(value) != comparable(change.before.get(name))
        }
        if after:
            before = {name: change.before.get(name) for name in after}
            real.append(Change(change.record, change.row_id, before, after, bumps=False))
    own = await made_by(run.id, [change.row_id for change in real])
    entries = []
    for change in real:
        await apply(change)
        if change.row_id not in own:
            entries.append(
                ledger.entry_of(run.id, run.source, change.record, change.row_id, "effect", change=change)
            )
    await insert_rows(ImportedRow, entries)


async def made_by(run_id: UUID, ids: list[UUID]) -> set[UUID]:
    """Which of these rows a run created."""
    rows = await fetch_all(
        f"SELECT row_id FROM imported_row WHERE row_id {among('ids', are_ids=True)} AND run_id = :run "
        "AND action = 'created'",
        ids=listed(ids),
        run=run_id,
    )
    return {as_kind(row["row_id"], UUID) for row in rows}
