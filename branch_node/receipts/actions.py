"""Money in: record a receipt, let it pay instalments, take allocations and receipts back by counter rows.

Locks are taken in one order everywhere: order, receipts, receivables, each by id. Nothing is ever deleted.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from branch_node import fiscal, rates
from branch_node.customers.queries import customer_for
from branch_node.editing import locked
from branch_node.home import home, today
from branch_node.numbers import next_number
from branch_node.receipts.forms import ReceiptForm
from branch_node.receipts.queries import open_items, receipt_for
from branch_node.receipts.rules import RECEIPT, Mode, check, propose, receipt_share, require_right
from branch_node.receivables.actions import (
    follow_collection,
    give_back,
    labels_of,
    lock_receivables,
    standing_of,
    take,
)
from branch_node.receivables.rules import require_room
from shared import clock
from shared.database import actor, execute, transaction
from shared.errors import Conflict, Invalid, NotFound
from shared.i18n import N_
from shared.money import Money
from shared.permissions import Person
from shared.records import Allocation, Customer, Receipt, Receivable


async def record_receipt(person: Person, form: ReceiptForm, parts: Mapping[UUID, int]) -> Receipt:
    """Record money that came in and let it pay instalments, all or nothing.

    `parts` (minor units by instalment) count for the mode by_hand; the other modes propose on what is open now.
    Invalid at its fields for a future day or amounts that do not fit, Conflict for a closed period, a missing
    rate, or an instalment that somebody else has just paid.
    """
    customer = await customer_for(person, form.customer_id, "receipt.record")
    currency = form.currency or customer.currency
    amount = form.amount_in(currency)
    if form.happened_on > today():
        raise Invalid(
            fields={"happened_on": N_("Money cannot come in after today. Enter the day it arrived.")}
        )
    await fiscal.require_open(form.happened_on)
    rate = await rates.rate_to_base(currency, form.happened_on)
    async with transaction():
        receipt = await post_receipt(
            customer,
            amount,
            currency,
            form.happened_on,
            rate,
            method=form.method,
            reference=form.reference,
            notes=form.notes,
        )
        await pay_open(receipt, form.mode, parts)
    return receipt


async def post_receipt(
    customer: Customer,
    amount_minor: int,
    currency: str,
    happened_on: date,
    rate_e9: int,
    *,
    method: str = "bank",
    reference: str = "",
    notes: str = "",
    number: str = "",
) -> Receipt:
    """Write a receipt without allocations inside the caller's transaction; imports give their own number."""
    return await Receipt.create(
        branch=home().code,
        number=number or await next_number("receipt", "R"),
        customer_id=customer.id,
        owner_id=customer.owner_id,
        department_id=customer.department_id,
        happened_on=happened_on,
        method=method,
        reference=reference,
        notes=notes,
        currency=currency,
        rate_e9=rate_e9,
        amount_minor=amount_minor,
        base_minor=rates.to_base(amount_minor, currency, rate_e9),
    )


async def pay_open(receipt: Receipt, mode: Mode, parts: Mapping[UUID, int]) -> list[Allocation]:
    """Let a locked or new receipt pay what is open now, by mode or by hand. Invalid when the parts do not fit."""
    if mode == "none":
        return []
    items = await open_items(receipt.customer_id, receipt.currency)
    left = receipt.amount_minor - receipt.allocated_minor
    wanted = dict(parts) if mode == "by_hand" else propose(mode, left, items)
    require_right(check(left, receipt.currency, wanted, items))
    return await allocate_parts(receipt, wanted)


async def allocate_parts(receipt: Receipt, parts: Mapping[UUID, int]) -> list[Allocation]:
    """Write one allocation for each part inside the caller's transaction; the receipt is locked or new."""
    if not parts:
        return []
    rows = await lock_receivables(list(parts))
    labels = await labels_of(list(rows.values()))
    made = [
        await allocate(receipt, rows[key], parts[key], label=labels[key]) for key in sorted(parts, key=str)
    ]
    await follow_collection(list(parts), max(entry.happened_on for entry in made))
    return made


async def allocate(
    receipt: Receipt,
    receivable: Receivable,
    amount_minor: int,
    happened_on: date | None = None,
    *,
    label: str = "",
) -> Allocation:
    """Let a receipt pay part of an instalment, inside the caller's transaction that locked both.

    It counts from the later of both days, or from `happened_on` when given; when that period is closed, from
    today. Invalid for another customer or currency, Conflict when either side has less left. The two conditional
    updates are the guard should the rows not have been locked: nothing is ever over-allocated.
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
    await _take_from_receipt(receipt, amount_minor, at_receipt)
    base = await take(receivable, "received", amount_minor, receipt.currency, label)
    natural = happened_on or max(receipt.happened_on, receivable.happened_on)
    return await Allocation.create(
        branch=receipt.branch,
        receipt_id=receipt.id,
        receivable_id=receivable.id,
        order_id=receivable.order_id,
        customer_id=receivable.customer_id,
        owner_id=receivable.owner_id,
        department_id=receivable.department_id,
        happened_on=await fiscal.open_day(natural, max(natural, today())),
        due_on=receivable.due_on,
        currency=receipt.currency,
        amount_minor=amount_minor,
        base_minor=base,
        receipt_base_minor=at_receipt,
    )


async def _take_from_receipt(receipt: Receipt, amount_minor: int, base_minor: int) -> None:
    """Add to what is allocated, never above the receipt, in either currency; Conflict otherwise."""
    touched = await execute(
        "UPDATE receipt SET allocated_minor = allocated_minor + :part, allocated_base_minor = allocated_base_minor + :base, "
        "revision = revision + 1, changed_at = :now, changed_by = :actor WHERE id = :id AND status = 'posted' "
        "AND allocated_minor + :part <= amount_minor AND allocated_minor + :part >= 0 "
        "AND allocated_base_minor + :base <= base_minor AND allocated_base_minor + :base >= 0",
        part=amount_minor,
        base=base_minor,
        id=receipt.id,
        now=clock.now(),
        actor=actor(),
    )
    if not touched:
        left = receipt.amount_minor - receipt.allocated_minor
        raise Conflict(
            N_("Receipt %(number)s has %(left)s left to allocate. Lower the amount or reload the page."),
            code="amount.too_much",
            number=receipt.number,
            left=Money(left, receipt.currency),
        )
    receipt.allocated_minor += amount_minor
    receipt.allocated_base_minor += base_minor
    receipt.revision += 1


async def allocate_receipt(
    person: Person, receipt_id: UUID, mode: Mode, parts: Mapping[UUID, int]
) -> list[Allocation]:
    """Let what is left of a receipt pay open instalments. Conflict when the receipt was reversed."""
    await receipt_for(person, receipt_id, "allocation.edit")
    async with transaction():
        receipt = await locked(Receipt, receipt_id)
        RECEIPT.target("allocate", receipt.status, receipt.number)
        return await pay_open(receipt, mode, parts)


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
    for entry in entries:
        await give_back(rows[entry.receivable_id], "received", entry.amount_minor, entry.base_minor)
        await _take_from_receipt(receipts[entry.receipt_id], -entry.amount_minor, -entry.receipt_base_minor)
        await Allocation.create(
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
    await follow_collection(list(rows), on)


async def release_orders_money(receivable_ids: Sequence[UUID], on: date) -> int:
    """Take back everything that pays these instalments, whichever receipts it came from; minor units released.

    For cancelling an order, inside its transaction: receipts are locked by id before the instalments.
    """
    entries = await live_allocations(receivable_ids=receivable_ids)
    ids = sorted({entry.receipt_id for entry in entries})
    found = await Receipt.filter(id__in=ids).order_by("id").select_for_update()
    await release(entries, {row.id: row for row in found}, on)
    return sum(entry.amount_minor for entry in entries)
