"""Reminds customers: notices by level, promises to pay, disputes; tells owners what falls due and what was broken.

All of it may run twice and beside itself: an instalment is locked before its notice is written, a notice's id is made
of instalment and level, messages to people have an occasion. The amount is what remains when the mail is sent.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from branch_node.dunning import queries
from branch_node.dunning.forms import DisputeForm, LevelForm, PromiseForm
from branch_node.dunning.queries import Debtor, debtors, each_debtor, levels, steps_of
from branch_node.dunning.rules import (
    DEFAULT_LEVELS,
    DUE_SOON_DAYS,
    Level,
    filled,
    held_back,
    is_too_late,
    language_of,
    level_due,
    notice_id,
    require_ladder,
    require_texts,
)
from branch_node.editing import locked
from branch_node.home import home, today
from branch_node.lists import as_kind
from branch_node.mail.actions import ORIGINS, Origin, post
from branch_node.notifications.actions import tell
from branch_node.receivables.queries import receivable_for
from shared import clock
from shared.database import execute, fetch_all, fetch_value, transaction
from shared.errors import Conflict, Invalid, NotFound, Text
from shared.i18n import N_, use_locale
from shared.mail import is_address
from shared.money import Money
from shared.outbox import Letter
from shared.permissions import Person, require
from shared.records import DunningLevel, DunningNotice, PromiseToPay, Receivable
from shared.web import filters as show

MOST_A_RUN = 5_000

DUE_SOON = N_("%(customer)s: %(amount)s of %(label)s falls due on %(day)s.")
BROKEN = N_("%(customer)s did not pay %(amount)s of %(label)s as promised for %(day)s.")


# --- levels -----------------------------------------------------------------------------------------------------


async def ensure_levels() -> list[DunningLevel]:
    """The branch's levels; written once from the defaults when it has none."""
    if not await DunningLevel.filter(branch=home().code, deleted_at=None).exists():
        async with transaction():
            for level, days, subject, body, subject_en, body_en in DEFAULT_LEVELS:
                await DunningLevel.create(
                    branch=home().code,
                    level=level,
                    days_past_due=days,
                    subject=subject,
                    body=body,
                    subject_en=subject_en,
                    body_en=body_en,
                )
    return await DunningLevel.filter(branch=home().code, deleted_at=None).order_by("level")


async def change_level(person: Person, level_id: UUID, form: LevelForm) -> DunningLevel:
    """Change a level's day and texts. Invalid for a text with an unknown field or a day out of order."""
    require(person, "receivable.write_off")
    texts = ("subject", "body", "subject_en", "body_en")
    require_texts({name: getattr(form, name) for name in texts})
    async with transaction():
        row = await locked(DunningLevel, level_id, form.revision)
        others = [one for one in await levels() if one.id != row.id]
        if form.active:
            require_ladder([*steps_of(others), Level(row.level, form.days_past_due)])
        row.update_from_dict({name: getattr(form, name) for name in (*texts, "days_past_due", "active")})
        await row.save()
    return row


# --- notices ----------------------------------------------------------------------------------------------------


async def remind_due(ids: Collection[UUID] | None = None) -> int:
    """Write the notices that are due today and put their mails into the outbox; how many, MOST_A_RUN at most. `ids`: only these
    instalments.

    One transaction per instalment: 1 lock it  2 is it still due, not disputed, promised, settled, sent?  3 the notice
    4 its mail. Without an address the notice says so and waits for a call.
    """
    rows = await ensure_levels()
    rows = [row for row in rows if row.active]
    if not rows:
        return 0
    steps, by_level = steps_of(rows), {row.level: row for row in rows}
    until = today() - timedelta(days=min(one.days_past_due for one in steps))
    where, params = ("r.id IN :ids", {"ids": list(ids)}) if ids is not None else ("1 = 1", {})
    count = 0
    async for debtor in each_debtor(f"{where} AND r.due_on <= :until", until=until, **params):
        if level_due(debtor.case, steps, today()) is not None:
            count += await _remind(debtor.id, steps, by_level)
        if count == MOST_A_RUN:
            break
    return count


async def _remind(receivable_id: UUID, steps: Sequence[Level], by_level: dict[int, DunningLevel]) -> bool:
    async with transaction():
        await locked(Receivable, receivable_id)
        found = await debtors("r.id = :id", id=receivable_id)
        due = level_due(found[0].case, steps, today()) if found else None
        if due is None:
            return False
        debtor = found[0]
        has_address = is_address(debtor.address)
        notice = await _noticed(debtor, due.level, "mail" if has_address else "none")
        if has_address:
            locale = language_of(debtor.country, home().country)
            letter = await letter_of(debtor, by_level[due.level], locale)
            await post(
                f"dunning:{notice.id}:{notice.revision}",
                debtor.address,
                letter,
                to_name=debtor.contact or debtor.customer,
                locale=locale,
                entity="dunning_notice",
                entity_id=notice.id,
            )
    return True


async def _noticed(debtor: Debtor, level: int, channel: str) -> DunningNotice:
    """The notice of an instalment at a level; one that was dropped before it went is taken up again."""
    values = {
        "happened_on": today(), "currency": debtor.remaining.currency, "remaining_minor": debtor.remaining.minor,
        "channel": channel, "status": "waiting",
    }  # fmt: skip
    row = await DunningNotice.get_or_none(id=notice_id(debtor.id, level))
    if row is None:
        row = DunningNotice(
            id=notice_id(debtor.id, level), branch=home().code, receivable_id=debtor.id,
            customer_id=debtor.customer_id, level=level,
        )  # fmt: skip
    row.update_from_dict(values)
    await row.save()
    return row


async def letter_of(debtor: Debtor, level: DunningLevel, locale: str) -> Letter:
    """What a notice says now, in the customer's language (Chinese where there is no English text)."""
    is_english = locale == "en" and level.body_en
    with use_locale("en" if is_english else "zh_CN"):
        values = {
            "customer": debtor.customer,
            "order": debtor.order_number,
            "position": str(debtor.position),
            "amount": show.money(debtor.remaining),
            "due": debtor.case.due_on.isoformat(),
            "days": str(max((today() - debtor.case.due_on).days, 0)),
            "branch": await branch_name(english=bool(is_english)),
        }
    subject, body = (level.subject_en, level.body_en) if is_english else (level.subject, level.body)
    return Letter(filled(subject, values), filled(body, values))


async def branch_name(*, english: bool) -> str:
    """What a notice is signed with."""
    column = "COALESCE(NULLIF(name_en, ''), name)" if english else "name"
    found = await fetch_value(
        f"SELECT {column} AS name FROM branch WHERE branch = :code AND deleted_at IS NULL", code=home().code
    )
    return str(found or home().code)


async def freshen_notice(notice_id: UUID) -> Letter | None:
    """The text of a notice at the moment of sending; None when it was settled, disputed or promised meanwhile, when a higher
    level has been reached, or when the day that it speaks of as to come has passed."""
    notice = await DunningNotice.get_or_none(id=notice_id, deleted_at=None)
    level = notice and await DunningLevel.get_or_none(branch=home().code, level=notice.level, deleted_at=None)
    if notice is None or level is None:
        return None
    found = await debtors("r.id = :id", id=notice.receivable_id)
    if not found or held_back(found[0].case, today()):
        return None
    case = found[0].case
    late = (today() - case.due_on).days
    if (case.last_level or 0) > notice.level or is_too_late(Level(level.level, level.days_past_due), late):
        return None
    return await letter_of(found[0], level, language_of(found[0].country, home().country))


async def note_outcome(notice_id: UUID, status: str) -> None:
    """What became of the mail: the amount is what remained when it was sent; steps that remind are done."""
    notice = await DunningNotice.get_or_none(id=notice_id, deleted_at=None)
    if notice is None:
        return
    notice.status = status
    if status == "sent":
        notice.sent_at = clock.now()
        row = await Receivable.get(id=notice.receivable_id)
        notice.remaining_minor = (
            row.amount_minor - row.received_minor - row.credited_minor - row.written_off_minor
        )
        await _steps_done(row.order_id)
    await notice.save()


ORIGINS["dunning_notice"] = Origin(freshen_notice, note_outcome)


async def _steps_done(order_id: UUID) -> None:
    """Open steps of the order whose kind reminds of payment are done."""
    await execute(
        "UPDATE execution_step SET status = 'done', done_on = :day, revision = revision + 1, changed_at = :now "
        "WHERE order_id = :order AND deleted_at IS NULL AND status NOT IN ('done', 'skipped') AND (kind = 'dunning' "
        "OR kind IN (SELECT code FROM step_kind WHERE effect = 'dunning' AND deleted_at IS NULL))",
        order=order_id,
        day=today(),
        now=clock.now(),
    )


async def note_call(person: Person, notice: UUID) -> DunningNotice:
    """Record that a customer without an address was reminded by telephone. Conflict when it is not waiting."""
    row = await DunningNotice.get_or_none(id=notice, branch=home().code, deleted_at=None)
    if row is None:
        raise NotFound()
    await receivable_for(person, row.receivable_id, "receivable.edit")
    async with transaction():
        row = await locked(DunningNotice, notice)
        if row.status == "sent":
            raise Conflict(N_("This reminder was sent already. Reload the page."), code="dunning.sent")
        row.channel = "phone"
        await row.save()
        await note_outcome(row.id, "sent")
    return row


# --- what people are told ---------------------------------------------------------------------------------------


async def tell_due_soon() -> int:
    """Tell owners three days ahead what falls due: once per instalment, whatever runs twice; how many, MOST_A_RUN at most."""
    day = today()
    count = 0
    async for debtor in each_debtor(
        "r.due_on >= :day AND r.due_on <= :last AND r.disputed_at IS NULL",
        day=day,
        last=day + timedelta(days=DUE_SOON_DAYS),
    ):
        async with transaction():
            count += await tell(
                [debtor.owner_id], "due_soon", DUE_SOON, f"/receivables/{debtor.id}", f"due:{debtor.id}",
                customer=debtor.customer, amount=debtor.remaining, label=debtor.label, day=debtor.case.due_on,
            )  # fmt: skip
        if count == MOST_A_RUN:
            break
    return count


# --- promises ---------------------------------------------------------------------------------------------------


async def promise(person: Person, receivable_id: UUID, form: PromiseForm) -> PromiseToPay:
    """Record a customer's word on an instalment; an earlier open one is replaced.

    Invalid for a past day or more than remains, Conflict when nothing remains.
    """
    await receivable_for(person, receivable_id, "receivable.edit")
    async with transaction():
        row = await locked(Receivable, receivable_id)
        left = row.amount_minor - row.received_minor - row.credited_minor - row.written_off_minor
        if left <= 0 or row.cancelled_on is not None:
            raise Conflict(N_("Nothing remains here. There is nothing to promise."), code="promise.settled")
        if form.promised_on < today():
            raise Invalid(fields={"promised_on": N_("That day has passed. Enter today or a later day.")})
        amount = form.amount_in(row.currency) if form.amount else left
        if amount > left:
            message = N_("Only %(left)s remains. Enter at most that.")
            raise Invalid(fields={"amount": Text(message, left=Money(left, row.currency))})
        for earlier in await PromiseToPay.filter(receivable_id=row.id, status="open", deleted_at=None):
            earlier.status = "replaced"
            await earlier.save()
        return await PromiseToPay.create(
            branch=home().code,
            receivable_id=row.id,
            customer_id=row.customer_id,
            happened_on=today(),
            promised_on=form.promised_on,
            currency=row.currency,
            amount_minor=amount,
        )


PASSED_SQL = """
SELECT p.id, p.promised_on, p.amount_minor, p.currency, r.id AS receivable_id, r.owner_id, p.recorded_by, c.name, o.number,
  r.position, r.amount_minor - r.received_minor - r.credited_minor - r.written_off_minor AS remaining,
  (SELECT COALESCE(SUM(CASE WHEN a.reverses_id IS NULL THEN a.amount_minor ELSE -a.amount_minor END), 0) FROM allocation a
    WHERE a.receivable_id = r.id AND a.deleted_at IS NULL AND a.happened_on >= p.happened_on) AS paid
FROM promise_to_pay p JOIN receivable r ON r.id = p.receivable_id JOIN customer c ON c.id = r.customer_id
JOIN sales_order o ON o.id = r.order_id
WHERE p.branch = :branch AND p.status = 'open' AND p.deleted_at IS NULL AND p.promised_on < :today
ORDER BY p.id LIMIT 1000"""


async def judge_promises() -> int:
    """Promises whose day has passed are kept or broken; owners are told of broken ones. How many were judged."""
    rows = await fetch_all(PASSED_SQL, branch=home().code, today=today())
    for row in rows:
        is_kept = int(row["remaining"]) <= 0 or int(row["paid"]) >= int(row["amount_minor"])
        async with transaction():
            touched = await execute(
                "UPDATE promise_to_pay SET status = :status, revision = revision + 1, changed_at = :now "
                "WHERE id = :id AND status = 'open'",
                status="kept" if is_kept else "broken",
                id=row["id"],
                now=clock.now(),
            )
            if touched and not is_kept:
                await _tell_broken(row)
    return len(rows)


async def _tell_broken(row: Mapping[str, Any]) -> None:
    await tell(
        [as_kind(row["owner_id"], UUID), as_kind(row["recorded_by"], UUID)], "promise", BROKEN,
        f"/receivables/{row['receivable_id']}", f"promise:{row['id']}", customer=row["name"],
        amount=Money(int(row["amount_minor"]), row["currency"]), label=f"{row['number']}/{row['position']}",
        day=as_kind(row["promised_on"], date),
    )  # fmt: skip


# --- disputes ---------------------------------------------------------------------------------------------------


async def dispute(person: Person, receivable_id: UUID, form: DisputeForm) -> Receivable:
    """Record that a customer disputes an instalment: nobody is reminded of it until that is settled."""
    await receivable_for(person, receivable_id, "receivable.edit")
    async with transaction():
        row = await locked(Receivable, receivable_id)
        if row.disputed_at is not None:
            raise Conflict(N_("This is disputed already. Settle that first."), code="dispute.open")
        row.disputed_at, row.dispute_reason = clock.now(), form.reason
        await row.save()
        await _follow_dispute(row.order_id)
    return row


async def settle_dispute(person: Person, receivable_id: UUID) -> Receivable:
    """A dispute was settled: reminders go on. Conflict when there is none."""
    await receivable_for(person, receivable_id, "receivable.edit")
    async with transaction():
        row = await locked(Receivable, receivable_id)
        if row.disputed_at is None:
            raise Conflict(N_("Nothing is disputed here. Reload the page."), code="dispute.none")
        row.disputed_at, row.dispute_reason = None, ""
        await row.save()
        await _follow_dispute(row.order_id)
    return row


async def _follow_dispute(order_id: UUID) -> None:
    """An order is disputed while one of its instalments is."""
    await execute(
        "UPDATE sales_order SET is_disputed = EXISTS (SELECT 1 FROM receivable r WHERE r.order_id = sales_order.id "
        "AND r.disputed_at IS NOT NULL AND r.deleted_at IS NULL), revision = revision + 1, changed_at = :now WHERE id = :id",
        id=order_id,
        now=clock.now(),
    )


async def remind_now(person: Person, ids: Collection[UUID]) -> int:
    """Send the due notices of these instalments at once, those within reach; how many were written."""
    mine = {one.debtor.id for one in await queries.proposals(person)}
    wanted = [one for one in ids if one in mine]
    return await remind_due(wanted) if wanted else 0
