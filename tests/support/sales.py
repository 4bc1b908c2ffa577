"""Words for tests of selling: order forms, orders already approved, receipts. Real actions, no shortcuts."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from branch_node.approvals.actions import decide
from branch_node.orders.actions import enter_order, submit_order
from branch_node.orders.forms import OrderForm
from branch_node.receipts.actions import record_receipt
from branch_node.receipts.forms import ReceiptForm
from shared.database import as_actor
from shared.permissions import Person
from shared.records import Customer, Order, Receipt
from tests.support.cast import LIN, SUN, WANG


def order_form(customer: Customer, *, price: str = "1,000.00", discount: str = "", **more: Any) -> OrderForm:
    """One line of one piece at `price`, in the customer's currency, all due after 30 days."""
    line = {"text": "电机 M-20", "list_price": price, "discount": discount or None}
    values = {
        "customer_id": customer.id,
        "currency": customer.currency,
        "happened_on": "2026-11-20",
        "lines": [line],
    }
    return OrderForm.model_validate({**values, **more})


async def draft_order(customer: Customer, seller: Person = LIN.person, **more: Any) -> Order:
    """An order that `seller` entered."""
    with as_actor(seller.id):
        return await enter_order(seller, order_form(customer, **more))


async def approved_order(
    customer: Customer, seller: Person = LIN.person, approver: Person = SUN.person, **more: Any
) -> Order:
    """An order that `seller` entered and submitted and `approver` approved."""
    order = await draft_order(customer, seller, **more)
    with as_actor(seller.id):
        request = await submit_order(seller, order.id)
    with as_actor(approver.id):
        await decide(approver, request.id, "approve", "")
    return await Order.get(id=order.id)


async def receipt(
    customer: Customer,
    amount: str,
    *,
    mode: str = "oldest",
    parts: Mapping[UUID, int] | None = None,
    on: str = "2026-11-20",
    currency: str = "",
    person: Person = WANG.person,
) -> Receipt:
    """A receipt that finance recorded."""
    form = ReceiptForm.model_validate(
        {
            "customer_id": customer.id,
            "amount": amount,
            "currency": currency or customer.currency,
            "happened_on": on,
            "mode": mode,
        }
    )
    with as_actor(person.id):
        return await record_receipt(person, form, parts or {})
