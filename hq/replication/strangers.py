"""Rows that cannot be mended because another branch's code stands in them here: somebody changed `branch` by SQL.

Only the branch that is named can say that the row is none of its own, so it is asked, and deletes it here; then the branch whose row
it is gets asked again. Called when a talk about differing rows has ended (`drilling`).
"""

from collections.abc import Sequence
from uuid import UUID

import structlog

from hq.audit.actions import note
from hq.replication.models import BranchCursor, ScrubRow, ScrubRun
from hq.replication.scrub import ask_tables
from shared.database import execute, fetch_all, transaction
from shared.records import COMPANY
from shared.replication.columns import replicated_tables

log = structlog.get_logger(__name__)
CAUSE = "foreign"


async def follow_up(run_id: int) -> None:
    """1 of what the run could not mend: rows that carry another branch's code, that branch is asked; those that carry nobody's are
    deleted and the run's branch is asked again  2 the run was such a question: who waits for its answer is asked again."""
    run = await ScrubRun.get(id=run_id)
    if run.status == "asking":
        return
    blocked = await ScrubRow.filter(run_id=run.id, status="blocked")
    for table in sorted({row.tbl for row in blocked if row.tbl in replicated_tables()}):
        await _send_home(run, table, [row.row_id for row in blocked if row.tbl == table])
    if run.cause == CAUSE:
        for branch in await _waiting_for(run):
            await ask_tables(branch, run.tables, CAUSE, pause=0)


async def _send_home(run: ScrubRun, table: str, ids: Sequence[str]) -> None:
    """Who is named in these rows is asked about its own; what names nobody goes."""
    rows = await fetch_all(
        f'SELECT CAST(id AS VARCHAR(36)) AS id, branch FROM "{table}" WHERE id IN :ids AND branch <> :own',
        ids=[UUID(row_id) for row_id in ids],
        own=run.branch,
    )
    known = {COMPANY, *await BranchCursor.exclude(epoch="").values_list("branch", flat=True)}
    for named in sorted({row["branch"] for row in rows} & known - {COMPANY}):
        await ask_tables(named, [table], CAUSE)
    if nobodys := [row["id"] for row in rows if row["branch"] not in known]:
        await _delete(run, table, nobodys)
        await ask_tables(run.branch, [table], CAUSE, pause=0)


async def _delete(run: ScrubRun, table: str, ids: Sequence[str]) -> None:
    """No figure is made of rows that belong to no branch."""
    async with transaction():
        await execute(f'DELETE FROM "{table}" WHERE id IN :ids', ids=[UUID(row_id) for row_id in ids])
        await note(
            "sync.mended", table, UUID(ids[0]), {"branch": run.branch, "run": run.id, "rows": len(ids)}
        )
    log.warning("rows_of_nobody_deleted", branch=run.branch, table=table, rows=len(ids))


async def _waiting_for(run: ScrubRun) -> list[str]:
    """Branches whose last talk left a row of these tables blocked."""
    rows = await fetch_all(
        "SELECT DISTINCT r.branch FROM scrub_row r WHERE r.status = 'blocked' AND r.tbl IN :tables AND r.branch <> :own "
        "AND r.run_id = (SELECT MAX(s.id) FROM scrub_run s WHERE s.branch = r.branch) ORDER BY r.branch",
        tables=list(run.tables),
        own=run.branch,
    )
    return [row["branch"] for row in rows]
