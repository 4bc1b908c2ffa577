"""Day-close statements: what each ledger holds of every business day that is over, as a row that goes to headquarters.

Made soon after midnight in the branch's own zone, for days missed meanwhile too. A later change of a closed day's rows states
the day anew, in the same row. `position` is the place in the log up to which the statement speaks. Where the log begins after
that place (the branch was rebuilt or promoted) it cannot name what changed, and every stated day is compared.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import structlog

from branch_node.home import home
from branch_node.replication.models import ReplicationEpoch, ReplicationState
from shared.database import fetch_value, transaction
from shared.ledgers import LEDGERS, Closing, Ledger, closings, statement_id
from shared.records import DayClose
from shared.replication.scan import View, view_of

log = structlog.get_logger(__name__)
FIRST_DAYS = 31
"""How many days are stated when there is no statement yet."""


@dataclass(frozen=True)
class Stated:
    """One ledger of one day as computed at a position."""

    ledger: Ledger
    day: date
    closing: Closing


async def close_days() -> int:
    """State every closed day that has no statement yet or whose rows changed since; how many statements were written.

    May run at any time and again: a statement that says the same already is left as it is.
    """
    here = home()
    last = here.today - timedelta(days=1)
    known = await DayClose.filter(branch=here.code).order_by("-position").first()
    since = known.position if known else 0
    newest = await DayClose.filter(branch=here.code).order_by("-happened_on").first()
    first = newest.happened_on + timedelta(days=1) if newest else last - timedelta(days=FIRST_DAYS - 1)
    fresh = {first + timedelta(days=n) for n in range((last - first).days + 1)}
    compared = await stated_days(here.code) if await begins_after(since) else set()
    async with view_of() as view:
        position = await head_of(view)
        stated = []
        for ledger in LEDGERS.values():
            touched = await touched_days(view, ledger, since) if known else set()
            days = sorted(fresh | compared | {day for day in touched if day <= last})
            found = await closings(view, ledger, [here.code], days)
            stated += [Stated(ledger, day, found.get((here.code, day), Closing())) for day in days]
    written = await write(here.code, stated, position)
    if written:
        log.info("days_closed", branch=here.code, statements=written, days=len(fresh), position=position)
    return written


async def begins_after(seq: int) -> bool:
    """Whether changes behind this position may be missing in the log: its present epoch begins, or was pruned, later."""
    state = await ReplicationState.get_or_none(id=1)
    return state is not None and await ReplicationEpoch.filter(epoch=state.epoch, base__gt=seq).exists()


async def stated_days(branch: str) -> set[date]:
    """The days for which there are statements."""
    found = await DayClose.filter(branch=branch).distinct().values_list("happened_on", flat=True)
    return set(found)  # type: ignore[arg-type]


async def head_of(view: View) -> int:
    """The last position of the log in this view."""
    sql = (
        "SELECT seq FROM sqlite_sequence WHERE name = 'change'"
        if view.dialect == "sqlite"
        else "SELECT seq FROM change_head"
    )
    found = await view.all(sql)
    return int(found[0][0]) if found else 0


async def touched_days(view: View, ledger: Ledger, since: int) -> set[date]:
    """The days whose rows of a ledger were written after a position; the day a row was moved away from as well."""
    day = (
        "json_extract({row}, '$.happened_on')"
        if view.dialect == "sqlite"
        else "{row}::json ->> 'happened_on'"
    )
    parts = [
        f"SELECT {day.format(row=row)} AS day FROM change WHERE tbl = :tbl AND seq > :since AND {row} IS NOT NULL"
        for row in ("row_after", "row_before")
    ]
    rows = await view.all(f"SELECT DISTINCT day FROM ({' UNION ALL '.join(parts)}) AS touched WHERE day IS NOT NULL", tbl=ledger.table, since=since)  # fmt: skip
    return {date.fromisoformat(row[0]) for row in rows}


async def write(branch: str, stated: list[Stated], position: int) -> int:
    """Keep what differs from the statements that are there."""
    ids = [statement_id(branch, one.day, one.ledger.code) for one in stated]
    present: Mapping[object, DayClose] = (
        {row.id: row for row in await DayClose.filter(id__in=ids)} if ids else {}
    )
    written = 0
    async with transaction():
        for key, one in zip(ids, stated, strict=True):
            row = present.get(key) or DayClose(
                id=key, branch=branch, happened_on=one.day, ledger=one.ledger.code
            )
            said = (one.closing.count, one.closing.sums, one.closing.row_hash)
            if key in present and (row.row_count, row.sums, row.row_hash) == said:
                continue
            row.row_count, row.sums, row.row_hash = said
            row.position = position
            await row.save(force_create=key not in present)
            written += 1
    return written


async def stated_position() -> int:
    """Up to where the log has been looked through for changes of closed days; what lies after it must not be forgotten."""
    return int(await fetch_value("SELECT MAX(position) AS n FROM day_close WHERE branch = :code", code=home().code) or 0)  # fmt: skip
