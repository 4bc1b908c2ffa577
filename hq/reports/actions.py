"""What is done with packs: kept, stopped, run now; which runs are due; how one run is made.

A run is claimed by its occasion (pack, person, period), which is unique, and made by whoever moves it from waiting to
making. Its mail is written in the transaction that calls it posted: nothing is sent twice, whatever runs twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from starlette.applications import Starlette

from hq.audit.actions import note
from hq.mail.actions import post
from hq.models import HqPerson
from hq.people.queries import person_now
from hq.people.rules import common, within_both
from hq.reports.content import Made, made_for
from hq.reports.models import Pack, PackRun
from hq.reports.rules import Timing, clock_of
from shared import clock, log
from shared.database import execute, fetch_one, transaction
from shared.errors import NotAllowed, NotFound, Refused
from shared.i18n import N_, render, use_locale
from shared.ids import new_id
from shared.jobs import enqueue
from shared.mail import is_address
from shared.outbox import Letter
from shared.periods import Period, parse, zone
from shared.permissions import Person
from shared.web.models import Account

events = log.get_logger()

RETAKE = timedelta(minutes=10)
"""A run that somebody began to make so long ago is taken up anew."""
MAIL_BYTES_MOST = 15_000_000


async def keep_pack(person: Person, pack_id: UUID | None, values: Mapping[str, Any]) -> Pack:
    """A new pack of this person, or an own one changed: occasions before now do not count. NotFound for another's."""
    async with transaction():
        row = (
            Pack(owner_id=person.id, owner_name=person.name)
            if pack_id is None
            else await own(person, pack_id)
        )
        row.update_from_dict(dict(values))
        row.since = clock.now()
        await row.save()
        details = {
            "name": row.name,
            "views": row.views,
            "recipients": row.recipients,
            "branches": row.branches,
        }
        await note("pack.made" if pack_id is None else "pack.changed", "hq_pack", row.id, details)
    return row


async def own(person: Person, pack_id: UUID) -> Pack:
    """A pack of this person; anybody's for who administers users. NotFound otherwise."""
    row = await Pack.get_or_none(id=pack_id)
    if row is None or (row.owner_id != person.id and not person.may("role.edit")):
        raise NotFound()
    return row


async def set_active(person: Person, pack_id: UUID, active: bool) -> Pack:
    """Stop a pack or let it go on, from now. May be called twice."""
    async with transaction():
        row = await own(person, pack_id)
        if row.active != active:
            row.active, row.since = active, clock.now()
            await row.save()
            await note("pack.resumed" if active else "pack.stopped", "hq_pack", row.id, {"name": row.name})
    return row


async def run_now(person: Person, pack_id: UUID) -> int:
    """Send the present period to every recipient once more; how many runs wait now."""
    row = await own(person, pack_id)
    now, count = clock.now(), 0
    async with transaction():
        for recipient in await recipients_of(row):
            period = timing(row).period(now_in(now, recipient))
            mark = f"{row.id}:{recipient.id}:{new_id()}"
            count += await claim(row, recipient, period, mark) is not None
        await note("pack.run", "hq_pack", row.id, {"name": row.name, "runs": count})
    await enqueue("pack_runs", _unique="now")
    return count


def now_in(now: datetime, recipient: "Recipient") -> datetime:
    """The moment in the recipient's zone."""
    return now.astimezone(zone(recipient.timezone))


def timing(pack: Pack) -> Timing:
    """When a pack comes."""
    return Timing(pack.rhythm, pack.weekday, pack.month_day, clock_of(pack.at_time) or time(7, 30))


@dataclass(frozen=True)
class Recipient:
    """Somebody who gets a pack: an active person of headquarters, with the zone of the account."""

    id: UUID
    name: str
    email: str
    timezone: str


async def recipients_of(pack: Pack) -> list[Recipient]:
    """The recipients who can still sign in, by name."""
    wanted = [UUID(text) for text in pack.recipients]
    accounts = await Account.filter(person_id__in=wanted, disabled_at__isnull=True)
    zones = {account.person_id: account.timezone for account in accounts}
    rows = await HqPerson.filter(id__in=wanted, active=True).order_by("name", "id")
    return [
        Recipient(row.id, row.name, row.email, zones[row.id] or row.timezone)
        for row in rows
        if row.id in zones
    ]


async def claim(pack: Pack, recipient: Recipient, period: Period, mark: str) -> UUID | None:
    """The id of a new run; None when its occasion has one already."""
    made = await fetch_one(
        "INSERT INTO hq_pack_run (id, occasion, pack_id, person_id, person_name, period, status, claimed_at, trouble) "
        "VALUES (:id, :occasion, :pack, :person, :name, :period, 'waiting', :now, '') "
        "ON CONFLICT (occasion) DO NOTHING RETURNING id",
        id=new_id(),
        occasion=mark,
        pack=pack.id,
        person=recipient.id,
        name=recipient.name,
        period=str(period),
        now=clock.now(),
    )
    return None if made is None else UUID(str(made["id"]))


async def claim_due() -> int:
    """A run for each recipient whose latest occasion has none yet; how many. What was missed while the site was down is
    made up for once, with the latest period."""
    now, count = clock.now(), 0
    for pack in await Pack.filter(active=True):
        when = timing(pack)
        for recipient in await recipients_of(pack):
            occasion = when.latest(now, recipient.timezone)
            if occasion < pack.since:
                continue
            period = when.period(occasion)
            count += await claim(pack, recipient, period, f"{pack.id}:{recipient.id}:{period}") is not None
    return count


async def make_waiting(site: Starlette) -> int:
    """Make every run that waits, or that somebody began long ago; how many."""
    stale = clock.now() - RETAKE
    waiting = await PackRun.filter(status="waiting").order_by("id").limit(200)
    waiting += await PackRun.filter(status="making", claimed_at__lt=stale).order_by("id").limit(200)
    count = 0
    for run in waiting:
        count += await make(site, run)
    return count


async def make(site: Starlette, run: PackRun) -> bool:
    """Make one run: 1 take it  2 show the views  3 write the mail and call it posted, in one transaction. False when
    somebody else has it. A refusal is its end, with the reason."""
    taken = await execute(
        "UPDATE hq_pack_run SET status = 'making', claimed_at = :now WHERE id = :id AND status = :status "
        "AND claimed_at = :claimed",
        id=run.id,
        now=clock.now(),
        status=run.status,
        claimed=run.claimed_at,
    )
    if not taken:
        return False
    pack = await Pack.get_or_none(id=run.pack_id)
    try:
        if pack is None:
            raise NotFound()
        person, address = await reader_of(pack, run.person_id)
        made = await made_for(site, pack, person, parse(run.period))
        if sum(len(file.content) for file in made.files) > MAIL_BYTES_MOST:
            raise NotAllowed(N_("The pack is larger than 15 MB. Take views or files out of it."))
        await posted(pack, run, person, address, made)
    except Refused as refused:
        with use_locale(pack.locale if pack else "zh_CN"):
            await failed(run, render(refused.message, refused.params))
    except Exception as wrong:
        events.exception("pack failed", run=str(run.id))
        await failed(run, type(wrong).__name__)
    return True


async def reader_of(pack: Pack, person_id: UUID) -> tuple[Person, str]:
    """Whose eyes a run is made with: what both the pack's owner and its recipient may see now, within the pack's branches;
    and the address it goes to. NotAllowed, with the reason, where there is nothing left."""
    owner = await person_now(pack.owner_id)
    reader = await person_now(person_id)
    if owner is None or reader is None:
        raise NotAllowed(N_("The account of the pack's owner or of its recipient is locked."))
    row = await HqPerson.get(id=person_id)
    if not is_address(row.email):
        raise NotAllowed(
            N_("%(name)s has no e-mail address. An administrator of users enters it."), name=row.name
        )
    both = within_both(reader, owner)
    branches = common(both.branches, None if pack.branches is None else frozenset(pack.branches))
    if branches is not None and not branches:
        raise NotAllowed(N_("None of the branches of this pack are the recipient's."))
    return replace(both, branches=branches), row.email


async def posted(pack: Pack, run: PackRun, person: Person, address: str, made: Made) -> None:
    """The mail of a run, together with the run's end."""
    async with transaction():
        letter = Letter(made.subject, made.body, made.files)
        mail = await post(f"pack:{run.id}", address, letter, to_name=person.name, locale=pack.locale)
        await execute(
            "UPDATE hq_pack_run SET status = 'posted', made_at = :now, mail_id = :mail WHERE id = :id",
            id=run.id,
            now=clock.now(),
            mail=mail,
        )


async def failed(run: PackRun, reason: str) -> None:
    """The end of a run that could not be made."""
    await execute(
        "UPDATE hq_pack_run SET status = 'failed', made_at = :now, trouble = :why WHERE id = :id",
        id=run.id,
        now=clock.now(),
        why=reason[:300],
    )


async def forget_old_runs() -> int:
    """Drop runs older than a year."""
    return await PackRun.filter(claimed_at__lt=clock.now() - timedelta(days=366)).delete()
