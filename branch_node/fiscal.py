"""Closed periods refuse postings: every action that posts on a day asks here first."""

from datetime import date

from branch_node.home import home
from branch_node.lists import as_kind
from shared.database import fetch_all
from shared.errors import Conflict
from shared.periods import FiscalCalendar
from shared.records import COMPANY


async def calendar() -> FiscalCalendar | None:
    """The fiscal calendar in force here: the branch's own periods, else the company's; None when there is none."""
    rows = await fetch_all(
        "SELECT branch, code, first_on, after_on, closed_at FROM fiscal_period "
        "WHERE branch IN :owners AND deleted_at IS NULL ORDER BY first_on",
        owners=[home().code, COMPANY],
    )
    own = [row for row in rows if row["branch"] == home().code] or rows
    if not own:
        return None
    return FiscalCalendar(
        (
            row["code"],
            as_kind(row["first_on"], date),
            as_kind(row["after_on"], date),
            row["closed_at"] is not None,
        )
        for row in own
    )


async def require_open(day: date) -> FiscalCalendar | None:
    """The calendar that was asked. Conflict (period.closed), naming the next open period, when postings on `day` are refused.

    A day that no period of the calendar holds is open: nobody has closed it.
    """
    found = await calendar()
    _require_open(found, day)
    return found


def open_day(found: FiscalCalendar | None, day: date, otherwise: date) -> date:
    """`day` if the calendar accepts postings on it, else `otherwise`: for entries that follow from something else."""
    try:
        _require_open(found, day)
    except Conflict:
        return otherwise
    return day


def _require_open(found: FiscalCalendar | None, day: date) -> None:
    if found is not None and any(period.contains(day) for period in found.periods):
        found.require_open(day)
