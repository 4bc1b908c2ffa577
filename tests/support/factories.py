"""Rows as they would stand after somebody's work, on any day and of any branch, without pages, rights or clocks.

For the real actions use tests/support/sales.py. What is built here keeps tests/support/invariants.py true.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from branch_node.orders.rules import instalments
from branch_node.receipts.rules import OpenItem, propose_oldest, receipt_share
from branch_node.receivables.actions import standing_of
from branch_node.receivables.rules import base_share
from shared.ids import new_id
from shared.money import convert
from shared.records import Allocation, Customer, Expense, Order, OrderLine, Receipt, Receivable
from tests.support.cast import TODAY

ONE = 10**9


def number(prefix: str) -> str:
    """A number nobody has yet."""
    return f"{prefix}-{new_id().int % 10**10:010d}"


async def customer(branch: str = "SH", name: str = "华东机电有限公司", **values: Any) -> Customer:
    """A prospect acquired today."""
    row = {
        "code": number("C"),
        "name": name,
        "name_key": name,
        "currency": "CNY",
        "acquired_on": TODAY,
        **values,
    }
    return await Customer.create(branch=branch, **row)


@dataclass(frozen=True)
class Sold:
    """An approved order and what is to be paid for it."""

    order: Order
    instalments: Sequence[Receivable]


async def approved_order(
    buyer: Customer,
    amount_minor: int,
    *,
    on: date = TODAY,
    plan: Sequence[Mapping[str, int]] = (),
    currency: str = "",
    base_currency: str = "CNY",
    rate_e9: int = ONE,
    **values: Any,
) -> Sold:
    """An order of one line over `amount_minor` (no tax), approved on a day; its customer signed.

    `plan` is an instalment plan: [{"share_bp": 3000, "days": 0}, ...]; empty: all after 30 days.
    """
    currency = currency or buyer.currency
    base = convert(amount_minor, currency, base_currency, rate_e9)
    order = await Order.create(
        branch=buyer.branch, number=number("SO"), customer_id=buyer.id, owner_id=buyer.owner_id,
        department_id=buyer.department_id, currency=currency, base_currency=base_currency, rate_e9=rate_e9,
        subtotal_minor=amount_minor, total_minor=amount_minor, base_minor=base, instalment_plan=list(plan),
        **{"status": "approved", "happened_on": on, "approved_on": on, **values},
    )  # fmt: skip
    await OrderLine.create(
        branch=buyer.branch, order_id=order.id, position=1, text="电机 M-20", list_price_minor=amount_minor,
        price_minor=amount_minor, amount_minor=amount_minor,
    )  # fmt: skip
    owed = [
        await Receivable.create(
            branch=buyer.branch, order_id=order.id, customer_id=buyer.id, owner_id=buyer.owner_id,
            department_id=buyer.department_id, position=part.position, happened_on=on, due_on=part.due_on,
            currency=currency, amount_minor=part.amount_minor, base_minor=part.base_minor,
        )
        for part in instalments(amount_minor, base, plan, on, 30)
    ]  # fmt: skip
    buyer.signed_on, buyer.status = min(buyer.signed_on or on, on), "customer"
    await buyer.save()
    return Sold(order, owed)


async def receipt(
    buyer: Customer,
    amount_minor: int,
    *,
    on: date = TODAY,
    parts: Mapping[UUID, int] | None = None,
    base_currency: str = "CNY",
    currency: str = "",
    rate_e9: int = ONE,
    **values: Any,
) -> Receipt:
    """Money that came in on a day and pays the open instalments, oldest first; with `parts` exactly these amounts
    by instalment ({}: nothing yet)."""
    currency = currency or buyer.currency
    row = await Receipt.create(
        branch=buyer.branch, number=number("R"), customer_id=buyer.id, owner_id=buyer.owner_id,
        department_id=buyer.department_id, happened_on=on, currency=currency, rate_e9=rate_e9,
        amount_minor=amount_minor, base_minor=convert(amount_minor, currency, base_currency, rate_e9), **values,
    )  # fmt: skip
    open_ones = {
        owed.id: owed
        for owed in await Receivable.filter(customer_id=buyer.id, currency=currency, cancelled_on=None)
        if standing_of(owed).remaining_minor > 0
    }
    if parts is None:
        items = [
            OpenItem(
                owed.id, owed.order_id, "", owed.due_on, standing_of(owed).remaining_minor, owed.position
            )
            for owed in open_ones.values()
        ]
        parts = propose_oldest(amount_minor, items)
    for key, part in parts.items():
        await allocation(row, open_ones[key], part)
    return row


async def allocation(paid: Receipt, owed: Receivable, amount_minor: int) -> Allocation:
    """Let a receipt pay part of an instalment; both running sums go along."""
    base = base_share(standing_of(owed), amount_minor)
    owed.received_minor += amount_minor
    owed.received_base_minor += base
    at_receipt = receipt_share(
        amount_minor, paid.amount_minor, paid.base_minor, paid.allocated_minor, paid.allocated_base_minor
    )
    paid.allocated_minor += amount_minor
    paid.allocated_base_minor += at_receipt
    await owed.save()
    await paid.save()
    return await Allocation.create(
        branch=paid.branch, receipt_id=paid.id, receivable_id=owed.id, order_id=owed.order_id,
        customer_id=owed.customer_id, owner_id=owed.owner_id, department_id=owed.department_id,
        happened_on=max(paid.happened_on, owed.happened_on), due_on=owed.due_on, currency=owed.currency,
        amount_minor=amount_minor, base_minor=base, receipt_base_minor=at_receipt,
    )  # fmt: skip


async def expense(
    amount_minor: int, *, branch: str = "SH", on: date = TODAY, category: str = "travel", **values: Any
) -> Expense:
    """An approved expense in the base currency."""
    row = {"status": "approved", "approved_on": on, "currency": "CNY", **values}
    return await Expense.create(
        branch=branch, number=number("E"), category=category, happened_on=on, amount_minor=amount_minor,
        base_minor=amount_minor, **row,
    )  # fmt: skip
