"""What was set aside: tried again after an upgrade and when a later change overtook it, or settled by a person."""

from typing import Any

import msgspec
import structlog

from hq.replication.apply_sql import is_newer
from hq.replication.engine import applier_here
from hq.replication.mending import Order, mend
from hq.replication.models import BranchCursor, QuarantinedChange
from shared import clock
from shared.database import engine, fetch_all
from shared.database.access import connection
from shared.errors import Conflict
from shared.i18n import N_
from shared.replication.columns import Table, replicated_tables
from shared.replication.scan import view_of

log = structlog.get_logger(__name__)
LOOKED_AT = 500


async def waiting_branches() -> list[str]:
    """Branches of which something is set aside."""
    rows = await fetch_all("SELECT DISTINCT branch FROM quarantined_change WHERE settled_at IS NULL ORDER BY branch")  # fmt: skip
    return [row["branch"] for row in rows]


async def retry(branch: str) -> int:
    """Try everything of a branch again, in the order of its log; how many changes were settled."""
    async with applier_here() as applier:
        return (await applier.retry(branch)).rows


async def overtaken() -> set[str]:
    """Branches with a change set aside of whose row a later change has been applied."""
    found: set[str] = set()
    known = replicated_tables()
    for row in await QuarantinedChange.filter(settled_at=None).order_by("id").limit(LOOKED_AT):
        if row.branch in found or row.tbl not in known:
            continue
        _, newer = await connection().execute_query(
            is_newer(row.tbl, engine()), [row.branch, row.tbl, row.row_id, row.seq]
        )
        if newer:
            found.add(row.branch)
    return found


async def replay() -> int:
    """After an upgrade: everything set aside is tried again, and rows that are kept whole because they had columns that the
    earlier release did not know are taken apart. How many changes and rows were settled. May be repeated."""
    settled = 0
    for branch in await waiting_branches():
        settled += await retry(branch)
    settled += await take_apart()
    if settled:
        log.info("quarantine_replayed", settled=settled)
    return settled


async def take_apart() -> int:
    """Rows kept whole in `ext` all of whose columns are known now."""
    count = 0
    kept_whole: list[tuple[Table, list[tuple[Any, ...]]]] = []
    async with view_of() as view:  # every row is looked at: beside the pages, not on their connection
        for table in replicated_tables().values():
            rows = await view.all(
                f'SELECT CAST(id AS VARCHAR(36)), branch, ext FROM "{table.name}" WHERE ext IS NOT NULL LIMIT {LOOKED_AT}'
            )
            if rows:
                kept_whole.append((table, rows))
    for table, rows in kept_whole:
        by_branch: dict[str, dict[str, bytes]] = {}
        for row_id, branch, whole in rows:
            if not msgspec.json.decode(whole).keys() - set(table.names):
                by_branch.setdefault(branch, {})[row_id] = whole.encode()
        for branch, found in by_branch.items():
            count += await _rewrite(table, branch, found)
    return count


async def _rewrite(table: Table, branch: str, rows: dict[str, bytes]) -> int:
    cursor = await BranchCursor.get(branch=branch)
    async with applier_here() as applier:
        blocked = await mend(applier, Order(branch, cursor.epoch, cursor.seq, table.name, rows))
    return len(rows) - len(blocked)


async def dismiss(change: QuarantinedChange, who: str, reason: str) -> None:
    """Settle it without applying it. Conflict when it is settled already; the row stays unproved."""
    settled = await QuarantinedChange.filter(id=change.id, settled_at=None).update(
        settled_at=clock.now(), outcome="dismissed", settled_by=who[:80], note=reason[:500]
    )
    if not settled:
        raise Conflict(N_("This change is settled already."), code="quarantine.settled")
