"""Waits for branches to name the rows that differ, and says them to a person: table, id, what differs."""

import asyncio
import time
from collections.abc import Sequence

from hq.replication.models import ScrubRow, ScrubRun

SHOWN = 100
PAUSE_SECONDS = 0.5


async def settled_runs(runs: Sequence[ScrubRun], wait_seconds: float) -> list[ScrubRun]:
    """The runs as they stand when none asks any more, or after `wait_seconds`."""
    until = time.monotonic() + wait_seconds
    while any(run.status == "asking" for run in runs) and time.monotonic() < until:
        await asyncio.sleep(PAUSE_SECONDS)
        for run in runs:
            await run.refresh_from_db()
    return list(runs)


async def described(run: ScrubRun) -> list[str]:
    """Lines for a person: the run, then its rows."""
    seconds = run.milliseconds / 1000
    lines = [f"{run.branch}: {WORDS[run.status]}; {run.rows:,} rows in {seconds:.1f} s"]
    found = await ScrubRow.filter(run_id=run.id).order_by("tbl", "id").limit(SHOWN)
    lines += [f"  {row_text(row)}" for row in found]
    total = await ScrubRow.filter(run_id=run.id).count()
    if total > len(found):
        lines.append(f"  and {total - len(found):,} more; see the branch's page")
    return lines


WORDS = {
    "equal": "equal to the branch",
    "asking": "differs; the branch has not told yet which rows",
    "replaced": "another run took over",
    "mended": "differed and was mended",
    "named": "differs",
    "differs": "differs; some rows could not be mended",
    "broken": "differs; the branch's rows are not those of its own log, nothing was touched",
}


def row_text(row: ScrubRow) -> str:
    """One differing row in one line."""
    what = ", ".join(row.columns) if row.kind == "changed" else f"{row.kind} here"
    return f"{row.tbl} {row.row_id}: {what} ({row.status}{f': {row.error}' if row.error else ''})"
