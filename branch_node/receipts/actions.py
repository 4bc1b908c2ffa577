"""Money in: record a receipt, let it pay instalments, take allocations and receipts back by counter rows.

Locks are taken in one order everywhere: order, receipts, receivables, each by id. Nothing is ever deleted.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from branch_node import fiscal, rates
from branch_node.customers.queries import standing_customer
from branch_node.editing import locked
from branch_node.home import home, today
from branch_node.numbers import next_number
from branch_node.receipts.forms import ReceiptForm
from branch_node.receipts.queries import open_items, receipt_for
from branch_node.receipts.rules import (
    RECEIPT,
    Mode,
    check,
    oldest_first,
    propose,
    receipt_share,
    require_right,
)
from branch_node.receivables.actions import (
    follow_collection,
    give_back,
    lock_receivables,
    standing_of,
    take,
)
from branch_node.receivables.rules import require_room
from shared.database import transaction
from shared.errors import Conflict, Invalid, NotFound
from shared.i18n import N_
from shared.periods import FiscalCalendar
from shared.permissions import Person
from shared.records import Allocation, Receipt, Receivable

ALLOCATED = ("allocated_minor", "allocated_base_minor")


async def record_receipt(person: Person, form: ReceiptForm, parts: Mapping[UUID, int]) -> Receipt:
    """Record money that came in and let it pay instalments, all or nothing.

    `parts` (minor units by instalment) count for the mode by_hand; the other modes propose on what is open now.
    Invalid at its fields for a future day or amounts that do not fit, Conflict for a closed period, a missing
    rate, or an instalment that somebody else has just paid.
    """
    customer = await standing_customer(person, form.customer_id, "receipt.record")
    currency = form.currency or customer.currency
    amount = form.amount_in(currency)
    if form.happened_on > today():
        raise Invalid(
            fields={"happened_on": N_("Money cannot come in after today. Enter the day it arrived.")}
        )
    rate = await rates.rate_to_base(currency, form.happened_on)
    receipt = Receipt(
        branch=home().code,
        customer_id=customer.id,
        owner_id=customer.owner_id,
        department_id=customer.department_id,
        happened_on=form.happened_on,
        method=form.method,
        reference=form.reference,
        notes=form.notes,
        currency=currency,
        rate_e9=rate,
        amount_minor=amount,
        base_minor=rates.to_base(amount, currency, rate),
    )
    async with transaction():
        calendar = await fiscal.require_open(form.happened_on)
        entries = await pay_open(receipt, form.mode, parts, calendar)
        # Last, because nobody else gets a number until the transaction ends.
        receipt.number = await next_number("receipt", "R")
        await receipt.save()
        await Allocation.bulk_create(entries)
    return receipt


async def pay_open(
    receipt: Receipt, mode: Mode, parts: Mapping[UUID, int], calendar: FiscalCalendar | None
) -> list[Allocation]:
    """Let a locked or new receipt pay what is open now, by mode or by hand, inside the caller's transaction.

    The instalments are written; the receipt's sums are brought up to date and the allocations made, for the caller to write.
    Invalid when the parts do not fit.
    """
    if mode == "none":
        return []
    items = await open_items(receipt.customer_id, receipt.currency)
    left = receipt.amount_minor - receipt.allocated_minor
    wanted = dict(parts) if mode == "by_hand" else propose(mode, left, items)
    require_right(check(left, receipt.currency, wanted, items))
    if not wanted:
        return []
    labels = {item.receivable_id: item.label for item in items}
    rows = await lock_receivables(list(wanted))
    paid = [item.receivable_id for item in oldest_first(items) if item.receivable_id in wanted]
    entries = [await allot(receipt, rows[key], wanted[key], labels[key], calendar) for key in paid]
    await follow_collection(list(wanted), max(entry.happened_on for entry in entries))
    return entries


async def allot(
    receipt: Receipt,
    receivable: Receivable,
    amount_minor: int,
    label: str,
    calendar: FiscalCalendar | None,
) -> Allocation:
    """Let a receipt pay part of an instalment, inside the caller's transaction that locked both; see `pay_open`.

    It counts from the later of both days; when that period is closed, from today. Invalid for another customer,
    Conflict when either side has less left: nothing is ever over-allocated.
    """
    if receivable.customer_id != receipt.customer_id:
        raise Invalid(
            N_("%(label)s belongs to another customer. Choose instalments of the customer who paid."),
            code="allocation.customer",
            label=label,
        )
    if receipt.status != "posted":
        RECEIPT.target("allocate", receipt.status, receipt.number)
    require_room(standing_of(receivable, label), amount_minor, receipt.currency)
    at_receipt = receipt_share(
        amount_minor,
        receipt.amount_minor,
        receipt.base_minor,
        receipt.allocated_minor,
        receipt.allocated_base_minor,
    )
    base = await take(receivable, "received", amount_minor, receipt.currency, label)
    receipt.allocated_minor += amount_minor
    receipt.allocated_base_minor += at_receipt
    natural = max(receipt.happened_on, receivable.happened_on)
    return Allocation(
        branch=receipt.branch,
        receipt_id=receipt.id,
        receivable_id=receivable.id,
        order_id=receivable.order_id,
        customer_id=receivable.customer_id,
        owner_id=receivable.owner_id,
        department_id=receivable.department_id,
        happened_on=fiscal.open_day(calendar, natural, max(natural, today())),
        due_on=receivable.due_on,
        currency=receipt.currency,
        amount_minor=amount_minor,
        base_minor=base,
        receipt_base_minor=at_receipt,
    )


async def allocate_receipt(
    person: Person, receipt_id: UUID, mode: Mode, parts: Mapping[UUID, int]
) -> list[Allocation]:
    """Let what is left of a receipt pay open instalments. Conflict when the receipt was reversed."""
    await receipt_for(person, receipt_id, "allocation.edit")
    async with transaction():
        receipt = await locked(Receipt, receipt_id)
        RECEIPT.target("allocate", receipt.status, receipt.number)
        entries = await pay_open(receipt, mode, parts, await fiscal.calendar())
        if entries:
            await receipt.save(update_fields=ALLOCATED)
            await Allocation.bulk_create(entries)
    return entries


# --- taking back ------------------------------------------------------------------------------------------------


async def take_back_allocation(person: Person, allocation_id: UUID) -> Receipt:
    """Take one allocation back by a counter row of today; the money is the customer's credit again."""
    entry = await Allocation.get_or_none(id=allocation_id, branch=home().code, deleted_at=None)
    if entry is None or entry.reverses_id is not None:
        raise NotFound()
    await receipt_for(person, entry.receipt_id, "allocation.edit")
    async with transaction():
        receipt = await locked(Receipt, entry.receipt_id)
        await release([entry], {receipt.id: receipt}, today())
    return receipt


async def reverse_receipt(person: Person, receipt_id: UUID, reason: str) -> Receipt:
    """Take a receipt back: counter rows for its allocations, then the receipt itself; both stay visible.

    Conflict when it was reversed before or today's period is closed.
    """
    await receipt_for(person, receipt_id, "receipt.reverse")
    day = today()
    await fiscal.require_open(day)
    async with transaction():
        receipt = await locked(Receipt, receipt_id)
        status = RECEIPT.target("reverse", receipt.status, receipt.number)
        await release(await live_allocations(receipt_ids=[receipt.id]), {receipt.id: receipt}, day)
        receipt.status, receipt.reversed_on = status, max(day, receipt.happened_on)
        receipt.reversed_by, receipt.reverse_reason = person.id, reason
        await receipt.save()
    return receipt


async def live_allocations(
    *, receipt_ids: Sequence[UUID] = (), receivable_ids: Sequence[UUID] = ()
) -> list[Allocation]:
    """Allocations of receipts or of instalments that no counter row has taken back, by id."""
    found = Allocation.filter(deleted_at=None)
    found = (
        found.filter(receipt_id__in=receipt_ids)
        if receipt_ids
        else found.filter(receivable_id__in=receivable_ids)
    )
    rows = await found.order_by("id")
    countered = {row.reverses_id for row in rows if row.reverses_id is not None}
    return [row for row in rows if row.reverses_id is None and row.id not in countered]


async def release(entries: Sequence[Allocation], receipts: Mapping[UUID, Receipt], on: date) -> None:
    """Counter rows for allocations inside the caller's transaction, whose receipts it has locked.

    1. lock the instalments  2. refuse what has a counter row already (once, net zero)  3. give back both sums
    4. write the counter rows. Conflict for an entry taken back before.
    """
    if not entries:
        return
    await fiscal.require_open(on)
    rows = await lock_receivables(sorted({entry.receivable_id for entry in entries}))
    if await Allocation.filter(reverses_id__in=[entry.id for entry in entries], deleted_at=None).exists():
        raise Conflict(N_("This was taken back already. Reload the page."), code="entry.reversed")
    counters = []
    for entry in entries:
        await give_back(rows[entry.receivable_id], "received", entry.amount_minor, entry.base_minor)
        receipt = receipts[entry.receipt_id]
        receipt.allocated_minor -= entry.amount_minor
        receipt.allocated_base_minor -= entry.receipt_base_minor
        counters.append(counter_of(entry, on))
    for receipt_id in sorted({entry.receipt_id for entry in entries}):
        await receipts[receipt_id].save(update_fields=ALLOCATED)
    await Allocation.bulk_create(counters)
    await follow_collection(list(rows), on)


def counter_of(entry: Allocation, on: date) -> Allocation:
    """The row that takes an allocation back, not written yet; never before the allocation itself."""
    return Allocation(
        branch=entry.branch,
        receipt_id=entry.receipt_id,
        receivable_id=entry.receivable_id,
        order_id=entry.order_id,
        customer_id=entry.customer_id,
        owner_id=entry.owner_id,
        department_id=entry.department_id,
        happened_on=max(on, entry.happened_on),
        due_on=entry.due_on,
        currency=entry.currency,
        amount_minor=entry.amount_minor,
        base_minor=entry.base_minor,
        receipt_base_minor=entry.receipt_base_minor,
        reverses_id=entry.id,
    )


async def release_orders_money(receivable_ids: Sequence[UUID], on: date) -> int:
    """Take back everything that pays these instalments, whichever receipts it came from; minor units released.

    For cancelling an order, inside its transaction: receipts are locked by id before the instalments.
    """
    entries = await live_allocations(receivable_ids=receivable_ids)
    ids = sorted({entry.receipt_id for entry in entries})
    found = await Receipt.filter(id__in=ids).order_by("id").select_for_update()
    await release(entries, {row.id: row for row in found}, on)
    return sum(entry.amount_minor for entry in entries)
