"""Asks for a file, makes it, gives it, forgets it. Files lie in the folder `exports` of the data directory."""

import asyncio
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

from starlette.applications import Starlette

from hq.asking import branches_of
from hq.audit.actions import note
from hq.exports.models import Export
from hq.exports.queries import count_rows, pieces
from hq.exports.rules import AT_ONCE, KEPT, LEDGERS
from hq.figures.words import freshness
from hq.papers.paper import branches_seen
from hq.people.queries import person_now
from hq.people.rules import common
from shared import clock, log
from shared.database import execute, transaction
from shared.errors import Invalid, NotAllowed, NotFound, Refused, TooMany
from shared.i18n import N_, render, use_locale
from shared.i18n import gettext as _
from shared.jobs import enqueue
from shared.permissions import Person
from shared.web.export import Heading, Workbook
from shared.web.parts import Column
from shared.web.reader import reading_in

events = log.get_logger()

RETAKE = timedelta(minutes=10)
"""A file on which nobody wrote for so long is begun anew."""


def place_of(folder: Path, export_id: UUID) -> Path:
    """Where a file lies."""
    return folder / "exports" / f"{export_id}.xlsx"


async def ask(
    person: Person, kind: str, first: date | None, last: date | None, wanted: list[str], locale: str
) -> Export:
    """Ask for a file of the person's rows. NotAllowed without the right, TooMany while three others are made."""
    if kind not in LEDGERS:
        raise NotFound()
    if first and last and last < first:
        message = N_("The last day lies before the first.")
        raise Invalid(message, fields={"last": message})
    branches_of(person, LEDGERS[kind].permission)
    async with transaction():
        if await Export.filter(person_id=person.id, status__in=["waiting", "running"]).count() >= AT_ONCE:
            raise TooMany(N_("Three of your files are being made. Wait for one of them."), retry_after=60)
        row = await Export.create(
            person_id=person.id,
            kind=kind,
            first_day=first,
            last_day=last,
            wanted=wanted or None,
            locale=locale,
        )
        await note("export.asked", "hq_export", row.id, {"kind": kind, "branches": wanted})
    await enqueue("make_export", export_id=row.id)
    return row


async def own_export(person: Person, export_id: UUID) -> Export:
    """A file of this person; NotFound for another's."""
    row = await Export.get_or_none(id=export_id, person_id=person.id)
    if row is None:
        raise NotFound()
    return row


async def fetched(person: Person, export_id: UUID, folder: Path) -> tuple[Export, Path]:
    """A file that is ready, while its person may still see all that is in it. NotFound when it is not there (any more)."""
    row = await own_export(person, export_id)
    place = place_of(folder, row.id)
    if row.status != "done" or not place.exists():
        raise NotFound()
    now = branches_of(person, LEDGERS[row.kind].permission)
    if now is not None and (row.branches is None or not set(row.branches) <= now):
        raise NotAllowed(N_("This file holds branches that are not yours any more."))
    await note("export.fetched", "hq_export", row.id, {"kind": row.kind, "rows": row.done})
    return row, place


async def waiting() -> list[UUID]:
    """Files that nobody makes: they wait, or whoever made them is gone."""
    stale = clock.now() - RETAKE
    rows = await Export.filter(status="waiting").order_by("id").limit(50)
    rows += await Export.filter(status="running", touched_at__lt=stale).order_by("id").limit(50)
    return [row.id for row in rows]


async def make(site: Starlette, export_id: UUID) -> None:
    """Make one file: take it, write it beside its place, put it there. Does nothing when somebody else makes it or it is
    done. A refusal is its end, with the reason."""
    row = await Export.get_or_none(id=export_id)
    if row is None or not await taken(row):
        return
    try:
        person = await person_now(row.person_id)
        if person is None:
            raise NotAllowed(N_("The account of whoever asked is locked."))
        size = await write(site, row, person)
        await execute(
            "UPDATE hq_export SET status = 'done', size_bytes = :size, ended_at = :now WHERE id = :id AND status = 'running'",
            id=row.id,
            size=size,
            now=clock.now(),
        )
    except Refused as refused:
        with use_locale(row.locale):
            await fail(row, render(refused.message, refused.params))
    except Exception as wrong:
        events.exception("export failed", export=str(row.id))
        await fail(row, type(wrong).__name__)


async def taken(row: Export) -> bool:
    """Claim a file that waits, or one on which nobody wrote for long."""
    if row.status not in ("waiting", "running") or (
        row.status == "running" and row.touched_at > clock.now() - RETAKE
    ):
        return False
    found = await execute(
        "UPDATE hq_export SET status = 'running', done = 0, touched_at = :now WHERE id = :id AND status = :status "
        "AND touched_at = :touched",
        id=row.id,
        now=clock.now(),
        status=row.status,
        touched=row.touched_at,
    )
    return bool(found)


async def write(site: Starlette, row: Export, person: Person) -> int:
    """Write the file, two thousand rows at a time, each piece in a thread so that pages go on; its size in bytes."""
    ledger, settings = LEDGERS[row.kind], site.state.settings
    branches = common(
        branches_of(person, ledger.permission), None if row.wanted is None else frozenset(row.wanted)
    )
    with use_locale(row.locale), reading_in(person.timezone, settings.reporting_currency):
        known = await branches_seen(site, person, ledger.permission, row.locale)
        names = {branch.code: branch.name for branch in known.branches}
        shown = _(", ").join(names[code] for code in sorted(branches) if code in names) if branches is not None else _("All branches")  # fmt: skip
        heading = Heading(_(ledger.title), shown, days_of(row), freshness(known.marks), person.name)
        columns = [Column(key, _(label), kind) for key, label, kind, _what in ledger.columns]
        await mark(row, total=await count_rows(row, branches), branches=branches)
        place = place_of(settings.data_dir, row.id)
        place.parent.mkdir(parents=True, exist_ok=True)
        beside = place.with_suffix(".part")
        book = await asyncio.to_thread(Workbook, str(beside), heading, columns)
        async for piece in pieces(row, branches):
            for one in piece:
                one["branch"] = names.get(str(one["branch"]), str(one["branch"]))
            await asyncio.to_thread(book.add, piece)
            await touch(row, book.count)
        await asyncio.to_thread(book.close)
        beside.replace(place)
        return place.stat().st_size


def days_of(row: Export) -> str:
    """The days asked for, as the head of the file says them."""
    return (
        " – ".join(day.isoformat() if day else "…" for day in (row.first_day, row.last_day))
        if row.first_day or row.last_day
        else ""
    )


async def mark(row: Export, *, total: int, branches: frozenset[str] | None) -> None:
    """What the file will hold."""
    row.total, row.branches = total, None if branches is None else sorted(branches)
    await row.save(update_fields=["total", "branches"])


async def touch(row: Export, done: int) -> None:
    """How far the file is."""
    await execute(
        "UPDATE hq_export SET done = :done, touched_at = :now WHERE id = :id",
        id=row.id,
        done=done,
        now=clock.now(),
    )


async def fail(row: Export, reason: str) -> None:
    """The end of a file that could not be made."""
    await execute(
        "UPDATE hq_export SET status = 'failed', ended_at = :now, trouble = :why WHERE id = :id",
        id=row.id,
        now=clock.now(),
        why=reason[:300],
    )


async def forget_old(folder: Path) -> int:
    """Remove files older than a week and say that they are gone; how many."""
    old = await Export.filter(created_at__lt=clock.now() - KEPT, status__in=["done", "failed"])
    for row in old:
        for place in (place_of(folder, row.id), place_of(folder, row.id).with_suffix(".part")):
            place.unlink(missing_ok=True)
    await Export.filter(id__in=[row.id for row in old]).update(status="gone")
    return len(old)
