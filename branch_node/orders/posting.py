"""What approval puts into effect and what voiding or cancelling takes out of it again.

Called by approvals, by order actions and in bulk by imports, always inside the caller's transaction. Locks in one
order: order, customer, receipts, receivables.
"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from branch_node import fiscal, rates
from branch_node.home import today
from branch_node.orders.rules import ORDER, instalments
from branch_node.orders.shares import follow_order
from branch_node.orders.steps import drop_steps, plan_steps
from branch_node.receipts.actions import release_orders_money
from branch_node.receivables.actions import Due, cancel_receivables, lock_receivables, open_receivables
from shared import clock
from shared.database import actor, execute, find_all
from shared.errors import Conflict
from shared.figures import APPROVED_ORDER
from shared.i18n import N_
from shared.money import Money
from shared.records import Order, Receivable

IN_EFFECT = ("status", "approved_at", "approved_by", "approved_on", "approved_hash", "rate_e9", "base_minor")
"""What an approval writes into an order."""
STAMP = "revision = revision + 1, changed_at = :now, changed_by = :actor"


async def put_into_effect(
    order: Order, approved_by: UUID | None, document_hash: str, *, is_split: bool
) -> Order:
    """Approve a locked, submitted order today: stamps, rate, its sellers credited, receivables, steps, the customer signed.

    Conflict when today's period is closed or a rate is missing.
    """
    day = today()
    await fiscal.require_open(day)
    order.status = ORDER.target("approve", order.status, order.number)
    order.approved_at, order.approved_by, order.approved_on = clock.now(), approved_by, day
    order.approved_hash = document_hash
    order.rate_e9 = await rates.rate_to_base(order.currency, day)
    order.base_minor = rates.to_base(order.total_minor, order.currency, order.rate_e9)
    await order.save(update_fields=IN_EFFECT)
    if is_split:
        await follow_order(order)
    await post_order_effects(order)
    return order


async def post_order_effects(order: Order) -> list[Receivable]:
    """Receivables and execution steps of an order that has its approval date and base amount; its customer signed.

    For approvals and imports: once per approval, in the transaction that approves. The instalments add up to the
    order in both currencies.
    """
    assert order.approved_on is not None
    parts = instalments(
        order.total_minor,
        order.base_minor,
        order.instalment_plan,
        order.approved_on,
        order.payment_terms_days,
    )
    dues = [Due(part.position, part.due_on, part.amount_minor, part.base_minor) for part in parts]
    receivables = await open_receivables(order, dues)
    await plan_steps(order, receivables)
    await sign_customer(order.customer_id, order.approved_on)
    return receivables


async def sign_customer(customer_id: UUID, approved_on: date) -> None:
    """The customer is signed from its first approved order on; whatever the order in which orders arrive."""
    earlier, idle = "(signed_on IS NULL OR signed_on > :day)", "status IN ('prospect', 'dormant', 'lost')"
    await execute(
        f"UPDATE customer SET signed_on = CASE WHEN {earlier} THEN :day ELSE signed_on END, "
        f"status = CASE WHEN {idle} THEN 'customer' ELSE status END, {STAMP} WHERE id = :id AND ({earlier} OR {idle})",
        id=customer_id,
        day=approved_on,
        now=clock.now(),
        actor=actor(),
    )


async def unsign_customer(customer_id: UUID) -> None:
    """The signing day again from the approved orders that are left; without one the customer is a prospect again."""
    first = f"(SELECT MIN(approved_on) FROM sales_order WHERE customer_id = :id AND deleted_at IS NULL AND {APPROVED_ORDER})"
    await execute(
        f"UPDATE customer SET signed_on = {first}, status = CASE WHEN {first} IS NULL AND status = 'customer' "
        f"THEN 'prospect' ELSE status END, {STAMP} WHERE id = :id AND signed_on IS DISTINCT FROM {first}",
        id=customer_id,
        now=clock.now(),
        actor=actor(),
    )


async def void_approval(order: Order) -> None:
    """Take an approved, locked order back to draft because it is being edited: its receivables and steps go.

    Conflict, saying what to do instead, when money has come in, something was credited, the goods have left or
    the period of the approval is closed. The caller saves the order.
    """
    assert order.approved_on is not None
    await fiscal.require_open(order.approved_on)
    rows = await _live_receivables(order.id)
    taken = sum(row.received_minor + row.credited_minor + row.written_off_minor for row in rows)
    if taken:
        raise Conflict(
            N_(
                "%(amount)s was received or credited on order %(number)s already. Take that back first, or cancel the "
                "order and enter a new one."
            ),
            code="order.has_money",
            amount=Money(taken, order.currency),
            number=order.number,
        )
    if order.shipped_on is not None:
        raise Conflict(
            N_("Order %(number)s was shipped on %(day)s. Enter a new order for changes."),
            code="order.shipped",
            number=order.number,
            day=order.shipped_on,
        )
    await cancel_receivables(rows, today(), "", actor())
    await drop_steps(order.id)
    order.approved_at = order.approved_by = order.approved_on = None
    order.approved_hash = ""


async def take_out_of_effect(order: Order, on: date, reason: str) -> int:
    """Cancel what an approved, locked order brought: what was paid goes back to the customer's credit.

    The minor units released; 0 for an order that was never approved.
    """
    found = await Receivable.filter(order_id=order.id, cancelled_on=None, deleted_at=None)
    ids = [row.id for row in found]
    released = 0
    if ids:
        released = await release_orders_money(ids, on)
        rows = await lock_receivables(ids)
        await cancel_receivables(list(rows.values()), on, reason, actor())
    await drop_steps(order.id, all_of_them=True)
    return released


async def _live_receivables(order_id: UUID) -> Sequence[Receivable]:
    """The instalments of an order that are not cancelled, locked by id."""
    condition = "order_id = :id AND cancelled_on IS NULL AND deleted_at IS NULL ORDER BY id"
    return await find_all(Receivable, condition, id=order_id, lock=True)
