"""What customers owe: instalments opened by approval, taken from by receipts, credit notes and write-offs.

The running sums of an instalment change only here, by conditional updates in the transaction that writes the entry
behind them. Locks are taken in one order everywhere: order, receipts, receivables, each by id.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from branch_node import fiscal
from branch_node.home import today
from branch_node.lists import as_kind
from branch_node.numbers import next_number
from branch_node.receivables.forms import AdjustmentForm
from branch_node.receivables.queries import adjustment_for, receivable_for
from branch_node.receivables.rules import Standing, base_share, require_room, too_much
from shared import clock
from shared.database import actor, execute, fetch_all, fetch_one, find_all, transaction
from shared.errors import Conflict, Invalid, NotFound
from shared.i18n import N_
from shared.permissions import Person
from shared.records import Adjustment, Order, Receivable

Column = Literal["received", "credited", "written_off"]
COLUMN_OF: Mapping[str, Column] = {"credit": "credited", "write_off": "written_off"}


@dataclass(frozen=True)
class Due:
    """One instalment to open: see `orders.rules.instalments`."""

    position: int
    due_on: date
    amount_minor: int
    base_minor: int


async def open_receivables(order: Order, dues: Sequence[Due]) -> list[Receivable]:
    """Create the instalments of an approved order inside the caller's transaction; call it once per approval."""
    assert order.approved_on is not None
    rows = [
        Receivable(
            branch=order.branch,
            order_id=order.id,
            customer_id=order.customer_id,
            owner_id=order.owner_id,
            department_id=order.department_id,
            position=due.position,
            happened_on=order.approved_on,
            due_on=due.due_on,
            currency=order.currency,
            amount_minor=due.amount_minor,
            base_minor=due.base_minor,
        )
        for due in dues
    ]
    await Receivable.bulk_create(rows)
    return rows


async def lock_receivables(ids: Collection[UUID]) -> dict[UUID, Receivable]:
    """The instalments by id, locked until the transaction ends, in the order of ids. NotFound when one is missing."""
    rows = await find_all(
        Receivable, "id IN :ids AND deleted_at IS NULL ORDER BY id", ids=list(ids), lock=True
    )
    if len(rows) != len(set(ids)):
        raise NotFound()
    return {row.id: row for row in rows}


async def labels_of(rows: Collection[Receivable]) -> dict[UUID, str]:
    """'SO-88/2' by instalment."""
    found = await fetch_all(
        "SELECT id, number FROM sales_order WHERE id IN :ids", ids=sorted({row.order_id for row in rows})
    )
    numbers = {as_kind(row["id"], UUID): row["number"] for row in found}
    return {row.id: f"{numbers.get(row.order_id, '?')}/{row.position}" for row in rows}


def standing_of(row: Receivable, label: str = "") -> Standing:
    """The instalment's running sums as the rules take them."""
    return Standing(
        row.id, label, row.currency, row.amount_minor, row.base_minor, row.received_minor, row.received_base_minor,
        row.credited_minor, row.credited_base_minor, row.written_off_minor, row.written_off_base_minor,
        row.cancelled_on is not None,
    )  # fmt: skip


async def take(row: Receivable, column: Column, amount_minor: int, currency: str, label: str) -> int:
    """Take an amount from a locked instalment; the base amount to write into the entry. `row` is brought up to date.

    Refuses as `require_room`. The condition of the update is the last guard, should the row not have been locked.
    """
    standing = standing_of(row, label)
    require_room(standing, amount_minor, currency)
    base = base_share(standing, amount_minor)
    touched = await execute(
        f"UPDATE receivable SET {column}_minor = {column}_minor + :amount, "
        f"{column}_base_minor = {column}_base_minor + :base, "
        "revision = revision + 1, changed_at = :now, changed_by = :actor "
        "WHERE id = :id AND cancelled_on IS NULL "
        "AND received_minor + credited_minor + written_off_minor + :amount <= amount_minor "
        "AND received_base_minor + credited_base_minor + written_off_base_minor + :base <= base_minor",
        amount=amount_minor,
        base=base,
        id=row.id,
        now=clock.now(),
        actor=actor(),
    )
    if not touched:
        raise too_much(standing, amount_minor)
    _bring_up_to_date(row, column, amount_minor, base)
    return base


async def give_back(row: Receivable, column: Column, amount_minor: int, base_minor: int) -> None:
    """Take an entry's amounts off a locked instalment's sum again. Conflict when the sum does not hold them."""
    touched = await execute(
        f"UPDATE receivable SET {column}_minor = {column}_minor - :amount, "
        f"{column}_base_minor = {column}_base_minor - :base, "
        "revision = revision + 1, changed_at = :now, changed_by = :actor "
        f"WHERE id = :id AND {column}_minor >= :amount AND {column}_base_minor >= :base",
        amount=amount_minor,
        base=base_minor,
        id=row.id,
        now=clock.now(),
        actor=actor(),
    )
    if not touched:
        raise Conflict(N_("This was taken back already. Reload the page."), code="entry.reversed")
    _bring_up_to_date(row, column, -amount_minor, -base_minor)


def _bring_up_to_date(row: Receivable, column: Column, amount_minor: int, base_minor: int) -> None:
    setattr(row, f"{column}_minor", getattr(row, f"{column}_minor") + amount_minor)
    setattr(row, f"{column}_base_minor", getattr(row, f"{column}_base_minor") + base_minor)
    row.revision += 1


SETTLED = (
    "EXISTS (SELECT 1 FROM receivable r WHERE r.id = {table}.receivable_id "
    "AND r.received_minor + r.credited_minor + r.written_off_minor = r.amount_minor)"
)
PAID_FOR, COLLECTED = SETTLED.format(table="promise_to_pay"), SETTLED.format(table="execution_step")
KEPT_OR_OPEN = f"receivable_id IN :ids AND deleted_at IS NULL AND ((status = 'open' AND {PAID_FOR}) OR (status = 'kept' AND NOT {PAID_FOR}))"
NOW_DONE = (
    f"receivable_id IN :ids AND deleted_at IS NULL AND status NOT IN ('done', 'skipped') AND {COLLECTED}"
)
NOW_OPEN = f"receivable_id IN :ids AND deleted_at IS NULL AND status = 'done' AND NOT {COLLECTED}"
"""Promises and steps that say something else than their instalments. Money comes in parts, so that there are seldom any."""


async def follow_collection(ids: Collection[UUID], on: date) -> None:
    """Promises for these instalments are kept and steps that collect them done when nothing remains, and open again when something does."""
    known = {"ids": list(ids), "now": clock.now(), "actor": actor()}
    behind = await fetch_one(
        f"SELECT EXISTS (SELECT 1 FROM promise_to_pay WHERE {KEPT_OR_OPEN}) AS promises, "
        f"EXISTS (SELECT 1 FROM execution_step WHERE {NOW_DONE}) AS done, "
        f"EXISTS (SELECT 1 FROM execution_step WHERE {NOW_OPEN}) AS open",
        ids=known["ids"],
    )
    assert behind is not None
    stamp = "revision = revision + 1, changed_at = :now, changed_by = :actor"
    if behind["promises"]:
        kept = f"CASE WHEN {PAID_FOR} THEN 'kept' ELSE 'open' END"
        await execute(f"UPDATE promise_to_pay SET status = {kept}, {stamp} WHERE {KEPT_OR_OPEN}", **known)
    if behind["done"]:
        await execute(
            f"UPDATE execution_step SET status = 'done', done_on = :day, done_by = :actor, {stamp} WHERE {NOW_DONE}",
            day=on,
            **known,
        )
    if behind["open"]:
        await execute(
            f"UPDATE execution_step SET status = 'pending', done_on = NULL, done_by = NULL, {stamp} WHERE {NOW_OPEN}",
            **known,
        )


# --- credit notes and write-offs --------------------------------------------------------------------------------


async def post_adjustment(
    row: Receivable,
    kind: Literal["credit", "write_off"],
    amount_minor: int,
    happened_on: date,
    reason: str,
    *,
    approved_by: UUID | None = None,
    number: str = "",
    label: str = "",
) -> Adjustment:
    """Write a credit note or write-off against a locked instalment, inside the caller's transaction."""
    base = await take(row, COLUMN_OF[kind], amount_minor, row.currency, label)
    entry = await Adjustment.create(
        branch=row.branch,
        number=number or await next_number(kind, "CN" if kind == "credit" else "WO"),
        kind=kind,
        receivable_id=row.id,
        order_id=row.order_id,
        customer_id=row.customer_id,
        owner_id=row.owner_id,
        department_id=row.department_id,
        happened_on=max(happened_on, row.happened_on),
        due_on=row.due_on,
        currency=row.currency,
        amount_minor=amount_minor,
        base_minor=base,
        reason=reason,
        approved_by=approved_by,
    )
    await follow_collection([row.id], entry.happened_on)
    return entry


async def adjust(person: Person, receivable_id: UUID, form: AdjustmentForm) -> Adjustment:
    """Record a credit note or write off what will not be paid. The right is receivable.write_off for both.

    Conflict when the period is closed or more than the rest is asked for.
    """
    await receivable_for(person, receivable_id, "receivable.write_off")
    if form.happened_on > today():
        raise Invalid(
            fields={"happened_on": N_("This cannot count from a day after today. Enter today or earlier.")}
        )
    async with transaction():
        rows = await lock_receivables([receivable_id])
        row = rows[receivable_id]
        labels = await labels_of([row])
        await fiscal.require_open(max(form.happened_on, row.happened_on))
        amount = form.amount_in(row.currency)
        return await post_adjustment(
            row, form.kind, amount, form.happened_on, form.reason, approved_by=person.id, label=labels[row.id]
        )


async def reverse_adjustment(person: Person, adjustment_id: UUID, reason: str) -> Adjustment:
    """Take back a credit note or write-off by a counter row of today; both stay visible. Conflict the second time."""
    entry = await adjustment_for(person, adjustment_id, "receivable.write_off")
    async with transaction():
        rows = await lock_receivables([entry.receivable_id])
        return await counter_adjustment(rows[entry.receivable_id], entry, today(), reason, person.id)


async def counter_adjustment(
    row: Receivable, entry: Adjustment, on: date, reason: str, by: UUID | None
) -> Adjustment:
    """The counter row of an adjustment of a locked instalment. Conflict when there is one already."""
    if await Adjustment.filter(reverses_id=entry.id, deleted_at=None).exists():
        raise Conflict(N_("This was taken back already. Reload the page."), code="entry.reversed")
    await fiscal.require_open(max(on, entry.happened_on))
    await give_back(row, COLUMN_OF[entry.kind], entry.amount_minor, entry.base_minor)
    counter = await Adjustment.create(
        branch=entry.branch,
        number=entry.number,
        kind=entry.kind,
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
        reason=reason,
        approved_by=by,
        reverses_id=entry.id,
    )
    await follow_collection([row.id], counter.happened_on)
    return counter


async def cancel_receivables(rows: Sequence[Receivable], on: date, reason: str, by: UUID | None) -> None:
    """Nothing is due any more on these locked instalments: credit notes and write-offs are countered first.

    The caller has released the allocations; Conflict when something received is left.
    """
    ids = [row.id for row in rows]
    entries = await Adjustment.filter(receivable_id__in=ids, reverses_id=None, deleted_at=None).order_by("id")
    countered = set(
        await Adjustment.filter(receivable_id__in=ids, deleted_at=None)
        .exclude(reverses_id=None)
        .values_list("reverses_id", flat=True)
    )
    by_id = {row.id: row for row in rows}
    for entry in entries:
        if entry.id not in countered:
            await counter_adjustment(by_id[entry.receivable_id], entry, on, reason, by)
    for row in rows:
        if row.received_minor:
            raise Conflict(
                N_("Money was received for this order meanwhile. Reload the page."),
                code="receivable.received",
            )
    await execute(
        "UPDATE receivable SET cancelled_on = :day, revision = revision + 1, changed_at = :now, "
        "changed_by = :actor WHERE id IN :ids AND cancelled_on IS NULL AND received_minor = 0",
        day=on,
        ids=ids,
        now=clock.now(),
        actor=actor(),
    )
