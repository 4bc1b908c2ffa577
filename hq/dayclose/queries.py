"""Reads for the pages of day close."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from hq.dayclose.actions import compute
from hq.figures.freshness import Branch
from hq.replication.models import DayCloseCheck, ScrubRow
from shared.database import engine, fetch_all, fetch_value
from shared.ledgers import LEDGERS, Ledger
from shared.records import DayClose

ROWS_SHOWN = 500
FOUND_SHOWN = 100


@dataclass(frozen=True)
class Lines:
    """One branch's day: its statement and headquarters' check by ledger; both empty while it is not closed."""

    branch: Branch
    stated: Mapping[str, DayClose]
    checks: Mapping[str, DayCloseCheck]

    def state(self, ledger: str) -> str:
        """green | red | changed | not_yet"""
        return self.checks[ledger].state if ledger in self.checks else "not_yet"

    @property
    def states(self) -> dict[str, str]:
        return {ledger: self.state(ledger) for ledger in LEDGERS}


async def lines_of(branches: Sequence[Branch], day: date) -> list[Lines]:
    """Every branch's day, computed now from the rows that headquarters holds."""
    codes = [branch.code for branch in branches]
    stated: dict[str, dict[str, DayClose]] = {}
    for row in await DayClose.filter(branch__in=codes, happened_on=day, deleted_at=None):
        stated.setdefault(row.branch, {})[row.ledger] = row
    checks: dict[str, dict[str, DayCloseCheck]] = {}
    for check in await compute([day], codes) if stated else []:
        checks.setdefault(check.branch, {})[check.ledger] = check
    return [Lines(one, stated.get(one.code, {}), checks.get(one.code, {})) for one in branches]


async def rows_of(ledger: Ledger, branch: str, day: date) -> list[dict[str, Any]]:
    """The rows of one line as headquarters holds them: id, number, amount, currency, status, version."""
    picked = {
        "number": "number" if ledger.code in ("orders", "receipts", "expenses") else "''",
        "amount": ledger.amount or "0",
        "currency": "currency" if ledger.amount else "''",
        "text": {"activities": "subject", "plan_items": "text"}.get(ledger.code, "''"),
    }
    columns = ", ".join(f"{sql} AS {name}" for name, sql in picked.items())
    return await fetch_all(
        f'SELECT CAST(id AS VARCHAR(36)) AS id, {columns}, recorded_at, deleted_at FROM "{ledger.table}" '
        f"WHERE branch = :branch AND happened_on = :day ORDER BY id LIMIT {ROWS_SHOWN}",
        branch=branch,
        day=day,
    )


@dataclass(frozen=True)
class Found:
    """Rows of one line that differed from the branch's, newest first and no more than FOUND_SHOWN of all `count`."""

    rows: Sequence[ScrubRow]
    count: int


async def found_rows(ledger: Ledger, branch: str, day: date) -> Found:
    """What was found in the ledger's table on a day: rows that were on it here, or are at the branch."""
    is_sqlite = engine() == "sqlite"
    day_in = (
        "json_extract(NULLIF({}, ''), '$.happened_on')"
        if is_sqlite
        else "NULLIF({}, '')::json ->> 'happened_on'"
    )
    there = (
        f"FROM scrub_row WHERE branch = :branch AND tbl = :tbl AND ({day_in.format('before')} = :day "
        f"OR {day_in.format('after')} = :day)"
    )
    which: dict[str, Any] = {"branch": branch, "tbl": ledger.table, "day": day.isoformat()}
    rows = await fetch_all(f"SELECT id {there} ORDER BY id DESC LIMIT {FOUND_SHOWN}", **which)
    count = await fetch_value(f"SELECT COUNT(*) AS n {there}", **which)
    found = await ScrubRow.filter(id__in=[row["id"] for row in rows]).order_by("-id") if rows else []
    return Found(found, int(count or 0))


async def red_lines(codes: Collection[str] | None) -> int:
    """How many lines are red, of these branches (None: all)."""
    within = "" if codes is None else " AND branch IN :codes"
    return int(
        await fetch_value(
            f"SELECT COUNT(*) AS n FROM day_close_check WHERE state = 'red'{within}",
            codes=sorted(codes or ()),
        )
        or 0
    )
