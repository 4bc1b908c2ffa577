"""Checks statements against headquarters' own rows and asks the branch about what differs."""

from collections.abc import Mapping, Sequence
from datetime import date

import structlog

from hq.dayclose.rules import line_state
from hq.replication.incidents import close_incident, open_incident
from hq.replication.models import DayCloseCheck
from hq.replication.scrub import ask_tables
from shared import clock
from shared.canonical import canonical_json
from shared.database import execute, execute_many, fetch_all, transaction
from shared.ledgers import LEDGERS, Closing, Ledger, closings
from shared.records import DayClose
from shared.replication.scan import view_of

log = structlog.get_logger(__name__)
KEEP = (
    "INSERT INTO day_close_check (branch, happened_on, ledger, state, row_count, sums, row_hash, stated_position, stated_hash, "
    "checked_at) VALUES (:branch, :happened_on, :ledger, :state, :row_count, :sums, :row_hash, :stated_position, :stated_hash, "
    ":checked_at) ON CONFLICT (branch, happened_on, ledger) DO UPDATE SET state = excluded.state, "
    "row_count = excluded.row_count, sums = excluded.sums, row_hash = excluded.row_hash, "
    "stated_position = excluded.stated_position, stated_hash = excluded.stated_hash, checked_at = excluded.checked_at"
)


async def check_days(days: Sequence[date]) -> list[DayCloseCheck]:
    """Compute every stated line of these days again from the rows here, keep the result. May be repeated."""
    checks = await compute(days)
    await keep(checks)
    return checks


async def compute(days: Sequence[date], branches: Sequence[str] | None = None) -> list[DayCloseCheck]:
    """The same without keeping it."""
    statements = DayClose.filter(happened_on__in=list(days), deleted_at=None)
    if branches is not None:
        statements = statements.filter(branch__in=list(branches))
    by_ledger: dict[str, list[DayClose]] = {}
    for statement in await statements:
        by_ledger.setdefault(statement.ledger, []).append(statement)
    checks: list[DayCloseCheck] = []
    async with view_of() as view:
        for code, stated in by_ledger.items():
            ledger = LEDGERS.get(code)
            if ledger is None:
                continue  # of a newer release
            codes = sorted({one.branch for one in stated})
            held = await closings(view, ledger, codes, sorted({one.happened_on for one in stated}))
            newest = await newest_versions(ledger, codes, days)
            checks += [
                check_of(one, held.get((one.branch, one.happened_on), Closing()), newest.get((one.branch, one.happened_on), 0))
                for one in stated
            ]  # fmt: skip
    return checks


def check_of(stated: DayClose, held: Closing, newest: int) -> DayCloseCheck:
    """One line."""
    is_equal = (held.count, held.sums, held.row_hash) == (stated.row_count, stated.sums, stated.row_hash)
    return DayCloseCheck(
        branch=stated.branch, happened_on=stated.happened_on, ledger=stated.ledger,
        state=line_state(is_equal, newest, stated.position), row_count=held.count, sums=held.sums, row_hash=held.row_hash,
        stated_position=stated.position, stated_hash=stated.row_hash, checked_at=clock.now(),
    )  # fmt: skip


async def newest_versions(ledger: Ledger, branches: Sequence[str], days: Sequence[date]) -> Mapping[tuple[str, date], int]:  # fmt: skip
    """The position that last wrote a row of each branch and day; deletions count for every day of the branch."""
    rows = await fetch_all(
        f'SELECT branch, happened_on, MAX(ver) AS newest FROM "{ledger.table}" WHERE branch IN :branches AND happened_on IN :days '
        "GROUP BY branch, happened_on",
        branches=list(branches),
        days=list(days),
    )
    gone = await fetch_all(
        "SELECT branch, MAX(ver) AS newest FROM tombstone WHERE branch IN :branches AND tbl = :tbl GROUP BY branch",
        branches=list(branches),
        tbl=ledger.table,
    )
    deleted = {row["branch"]: int(row["newest"]) for row in gone}
    found = {(branch, day): newest for branch, newest in deleted.items() for day in days}
    for row in rows:
        day = row["happened_on"]
        key = (row["branch"], day if isinstance(day, date) else date.fromisoformat(day))
        found[key] = max(int(row["newest"]), deleted.get(row["branch"], 0))
    return found


async def keep(checks: Sequence[DayCloseCheck]) -> None:
    """Write the results over earlier ones of the same lines."""
    names = ("branch", "happened_on", "ledger", "state", "row_count", "row_hash", "stated_position", "stated_hash", "checked_at")  # fmt: skip
    rows = [
        {**{name: getattr(check, name) for name in names}, "sums": canonical_json(check.sums)}
        for check in checks
    ]
    async with transaction():
        await execute_many(KEEP, rows)


async def check_new(limit_days: int) -> list[DayCloseCheck]:
    """Check what was stated since, or was not green when last looked at; then ask about red lines."""
    rows = await fetch_all(
        "SELECT DISTINCT s.happened_on FROM day_close s LEFT JOIN day_close_check c ON c.branch = s.branch "
        "AND c.happened_on = s.happened_on AND c.ledger = s.ledger WHERE s.deleted_at IS NULL AND "
        "(c.id IS NULL OR c.state <> 'green' OR c.stated_position <> s.position OR c.stated_hash <> s.row_hash) "
        f"ORDER BY s.happened_on DESC LIMIT {int(limit_days)}"
    )
    days = [day if isinstance(day := row["happened_on"], date) else date.fromisoformat(day) for row in rows]
    checks = await check_days(days) if days else []
    await ask_about(checks)
    return checks


async def ask_about(checks: Sequence[DayCloseCheck]) -> None:
    """A red line asks the branch what differs of its ledger's table and of the statements; an incident stands until all are
    green."""
    red: dict[str, set[str]] = {}
    for check in checks:
        if check.state == "red":
            red.setdefault(check.branch, set()).update({LEDGERS[check.ledger].table, DayClose._meta.db_table})
    for branch, tables in red.items():
        await open_incident(branch, "day_close", ", ".join(sorted(tables)))
        await ask_tables(branch, sorted(tables), "day_close")
    for branch in {check.branch for check in checks} - set(red):
        if not await DayCloseCheck.filter(branch=branch, state="red").exists():
            await close_incident(branch, "day_close")


async def forget(before: date) -> int:
    """Drop checks of long ago; the statements stay."""
    return await execute("DELETE FROM day_close_check WHERE happened_on < :before", before=before)
