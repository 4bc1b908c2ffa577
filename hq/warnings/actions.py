"""Looks for what is worth a warning and keeps it; acknowledging, taking on, calling a false alarm."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from hq.audit.actions import note
from hq.directives.queries import counts_of
from hq.figures.scoreboard import Board, scoreboard
from hq.figures.shape import House, Question
from hq.models import Warning
from hq.warnings.rules import (
    Found,
    changes,
    of_complaints,
    of_directive,
    of_freshness,
    of_limit,
    of_line,
    of_plans,
    of_red_lines,
)
from shared import clock, figures
from shared.database import execute, fetch_all, transaction
from shared.errors import NotFound
from shared.periods import Year, zone
from shared.records import Directive


async def found_now(house: House) -> list[Found]:
    """Everything that holds now, of all branches."""
    board = await scoreboard(Question(currency=house.currency, house=house))
    today = house.today()
    year = Year.containing(today)
    passed = figures.time_passed_bp(year.first, year.after, today)
    found = [one for mark in board.figure.watermarks if (one := of_freshness(mark)) is not None]
    for line in board.figure.rows:
        found += of_line(line, passed, house.overdue_limit_bp)
    names = {branch.code: branch.name for branch in board.branches.branches}
    rows = await fetch_all(
        "SELECT branch, SUM(CASE WHEN happened_on > :week THEN 1 ELSE 0 END) AS recent, COUNT(*) AS fortnight_count FROM feedback "
        "WHERE kind = 'complaint' AND happened_on > :fortnight AND happened_on <= :today AND deleted_at IS NULL GROUP BY branch",
        week=today - timedelta(days=7),
        fortnight=today - timedelta(days=14),
        today=today,
    )
    for row in rows:
        code, now = str(row["branch"]), int(row["recent"])
        one = of_complaints(code, names.get(code, code), now, int(row["fortnight_count"]) - now)
        if one is not None:
            found.append(one)
    found += await of_rows(names)
    found += missing_plans(board)
    return found + await late_directives(house)


ABOVE_LIMIT = """SELECT d.branch, COUNT(*) AS n FROM (SELECT c.branch, c.id, c.credit_limit_minor, c.credit_hold,
CAST(SUM(r.base_minor - r.received_base_minor - r.credited_base_minor - r.written_off_base_minor) AS BIGINT) AS owed
FROM customer c JOIN receivable r ON r.customer_id = c.id AND r.cancelled_on IS NULL AND r.deleted_at IS NULL
WHERE c.deleted_at IS NULL AND (c.credit_limit_minor IS NOT NULL OR c.credit_hold)
GROUP BY c.branch, c.id, c.credit_limit_minor, c.credit_hold) AS d
WHERE d.owed > 0 AND (d.credit_hold OR d.owed > d.credit_limit_minor) GROUP BY d.branch"""
RED = "SELECT branch, COUNT(*) AS n, MIN(happened_on) AS day FROM day_close_check WHERE state = 'red' GROUP BY branch"


async def of_rows(names: Mapping[str, str]) -> list[Found]:
    """What single rows say, by branch: customers above their limit (only those who have one are read), red lines."""
    found = []
    for row in await fetch_all(ABOVE_LIMIT):
        code = str(row["branch"])
        one = of_limit(code, names.get(code, code), int(row["n"]))
        found += [one] if one is not None else []
    for row in await fetch_all(RED):
        code = str(row["branch"])
        found.append(of_red_lines(code, names.get(code, code), int(row["n"]), str(row["day"])[:10]))
    return found


def missing_plans(board: Board) -> list[Found]:
    """People without a plan, in the branches whose data is current: a silent one is not said to have none."""
    marks = {mark.branch: mark for mark in board.figure.watermarks}
    found = []
    for line in board.figure.rows:
        mark = marks.get(line.branch)
        if mark is not None and mark.is_current:
            local = clock.now().astimezone(zone(mark.timezone))
            one = of_plans(
                line.branch, line.name, local, line.number("plans") or 0, line.number("staff") or 0
            )
            found += [one] if one is not None else []
    return found


async def late_directives(house: House) -> list[Found]:
    """Directives past their deadline that somebody has not acknowledged."""
    late = await Directive.filter(status="issued", deleted_at=None, deadline_on__lt=house.today())
    counts = await counts_of([str(row.id) for row in late], None)
    found = []
    for row in late:
        progress = counts.get(str(row.id))
        if progress is not None and progress.acknowledged < progress.total:
            waiting = progress.total - progress.acknowledged
            found.append(of_directive(str(row.id), row.title, waiting, progress.total))
    return found


async def check(house: House) -> tuple[int, int]:
    """Keep what is new, clear what is over: (new, cleared). May be run any number of times."""
    found = await found_now(house)
    async with transaction():
        kept = await Warning.filter(cleared_at=None)
        fresh, over = changes(found, [row.key for row in kept])
        by_key = {one.key: one for one in found}
        now = clock.now()
        await execute("UPDATE hq_warning SET checked_at = :now WHERE cleared_at IS NULL", now=now)
        for row in kept:
            one = by_key.get(row.key)
            if one is None:
                await Warning.filter(id=row.id).update(cleared_at=now)
            elif row.values != dict(one.values):
                row.values = dict(one.values)
                await row.save(update_fields=["values"])
        await Warning.bulk_create(
            Warning(
                key=one.key, kind=one.kind, branch=one.branch, severity=one.severity, values=dict(one.values),
                url=one.url, seen_at=now, checked_at=now,
            )
            for one in fresh
        )  # fmt: skip
    return len(fresh), len(over)


async def warning_for(warning_id: UUID, codes: frozenset[str] | None) -> Warning:
    """One warning; NotFound when there is none or its branch is not the reader's."""
    row = await Warning.get_or_none(id=warning_id)
    if row is None or (codes is not None and row.branch not in codes):
        raise NotFound()
    return row


async def acknowledge(row: Warning, name: str, *, is_false_alarm: bool = False) -> None:
    """Somebody has seen it, or calls it a false alarm. May be called twice; the first one counts."""
    if row.acknowledged_at is not None and not is_false_alarm:
        return
    async with transaction():
        row.acknowledged_at, row.acknowledged_by = clock.now(), name
        row.is_false_alarm = is_false_alarm
        await row.save()
        action = "warning.false_alarm" if is_false_alarm else "warning.acknowledged"
        await note(action, "hq_warning", row.id, {"key": row.key})


async def assign(row: Warning, name: str) -> None:
    """Somebody takes it on."""
    async with transaction():
        row.assigned_to = name
        await row.save()
        await note("warning.assigned", "hq_warning", row.id, {"key": row.key, "to": name})
