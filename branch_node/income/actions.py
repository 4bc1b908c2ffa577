"""Close and reopen periods: a closed one refuses postings of every kind."""

from datetime import date, timedelta

from branch_node.audit import note
from branch_node.editing import locked
from branch_node.home import home, today
from branch_node.income.blocking import submitted_in
from shared import clock
from shared.database import transaction
from shared.errors import Conflict, NotFound
from shared.i18n import N_
from shared.periods import Month
from shared.permissions import Person, require
from shared.records import COMPANY, FiscalPeriod

NAMED_AT_MOST = 5


async def ensure_calendar(day: date) -> list[FiscalPeriod]:
    """The branch's own fiscal periods, reaching one beyond `day`: made from the company's, else of calendar months.

    Inside the caller's transaction; nothing is written when they reach it already.
    """
    rows = await FiscalPeriod.filter(branch=home().code, deleted_at=None).order_by("first_on")
    if not rows:
        company = await FiscalPeriod.filter(branch=COMPANY, deleted_at=None).order_by("first_on")
        rows = [
            await FiscalPeriod.create(
                branch=home().code, code=row.code, first_on=row.first_on, after_on=row.after_on
            )
            for row in company
        ]
    if not rows:
        first = Month.of(min(day, today()).year, 1)
        rows = [await _add_month(first)]
    while rows[-1].first_on <= day:
        rows.append(await _add_month(Month.containing(rows[-1].after_on)))
    while rows[0].first_on > day:
        rows.insert(0, await _add_month(Month.containing(rows[0].first_on).previous()))
    return rows


async def _add_month(month: Month) -> FiscalPeriod:
    return await FiscalPeriod.create(
        branch=home().code, code=str(month), first_on=month.first, after_on=month.after
    )


async def close_period(person: Person, month: Month) -> FiscalPeriod:
    """Close the period that holds a month's first day.

    Conflict when it has not ended, is closed already, or expenses in it still wait for a decision (they are named).
    """
    require(person, "period.close")
    async with transaction():
        row = await _period(month)
        if row.closed_at is not None:
            raise Conflict(N_("%(period)s is closed already."), code="period.closed", period=row.code)
        if row.after_on > today():
            raise Conflict(
                N_("%(period)s runs until %(day)s. Close it after that day."),
                code="period.running",
                period=row.code,
                day=row.after_on - timedelta(days=1),
            )
        waiting = await submitted_in(row)
        if waiting:
            named = [expense.number for expense in waiting[:NAMED_AT_MOST]]
            more = ["..."] if len(waiting) > NAMED_AT_MOST else []
            raise Conflict(
                N_("To close %(period)s, approve or refuse these expenses first: %(numbers)s."),
                code="period.open_items",
                period=row.code,
                numbers=", ".join([*named, *more]),
            )
        row.closed_at, row.closed_by = clock.now(), person.id
        await row.save()
        await note(person, "period.closed", "fiscal_period", row.id, period=row.code)
    return row


async def reopen_period(person: Person, month: Month, reason: str) -> FiscalPeriod:
    """Let postings into a closed period again; the reason stands in the audit trail. Conflict when it is open."""
    require(person, "period.close")
    async with transaction():
        row = await _period(month)
        if row.closed_at is None:
            raise Conflict(N_("%(period)s is open already."), code="period.open", period=row.code)
        row.closed_at = row.closed_by = None
        await row.save()
        await note(person, "period.reopened", "fiscal_period", row.id, period=row.code, reason=reason)
    return row


async def _period(month: Month) -> FiscalPeriod:
    return await locked(FiscalPeriod, (await period_of(month)).id)


async def period_shown(month: Month) -> FiscalPeriod:
    """The period that holds a month's first day, to look at: the branch's, else the company's as it would be taken over,
    else the month itself. Writes nothing."""
    for owner in (home().code, COMPANY):
        held = FiscalPeriod.filter(
            branch=owner, first_on__lte=month.first, after_on__gt=month.first, deleted_at=None
        )
        if (found := await held.first()) is not None:
            return found
    return FiscalPeriod(branch=home().code, code=str(month), first_on=month.first, after_on=month.after)


async def period_of(month: Month) -> FiscalPeriod:
    """The branch's period that holds a month's first day, made when the calendar does not reach it. Inside a
    transaction; NotFound for a gap in the calendar."""
    rows = await ensure_calendar(month.first)
    found = next((row for row in rows if row.first_on <= month.first < row.after_on), None)
    if found is None:
        raise NotFound()
    return found
