"""A later export of the same orders moves them on or cancels them, and leaves their money alone."""

from datetime import date
from pathlib import Path

import pytest

from shared.records import (
    Order,
    Receivable,
)
from tests.imports.folders import bring_in, counts, reasons, write
from tests.imports.selling import (
    CUSTOMER_ROWS,
    ORDER,
    RECEIPT_HEAD,
    RECEIPTS,
    order_rows,
    sales,
)

pytestmark = pytest.mark.usefixtures("database", "english")


async def test_a_later_export_moves_an_order_on_and_leaves_its_money_alone(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        customers_csv=CUSTOMER_ROWS,
        orders_csv=order_rows(ORDER, {**ORDER, "No": "2"}, {**ORDER, "No": "3", "Status": "draft"}),
    )
    await bring_in(sales(), folder)
    changed = order_rows(
        {**ORDER, "Status": "completed", "Shipped": "2026-02-15"}, {**ORDER, "No": "2", "Total": "1000.01"},
        {**ORDER, "No": "3"},
    )  # fmt: skip
    outcome = await bring_in(sales(), write(tmp_path, orders_csv=changed))
    assert counts(outcome) == (0, 2, 2, 1)
    first, third = await Order.get(number="1"), await Order.get(number="3")
    assert (first.status, first.shipped_on, first.completed_on) == (
        "completed",
        date(2026, 2, 15),
        date(2026, 2, 15),
    )
    assert (third.status, third.approved_on) == ("approved", date(2026, 2, 10))
    assert await Receivable.filter(order_id=third.id).count() == 1
    assert reasons(outcome) == [
        "The order is here with another amount or customer. Change it here, or undo the earlier import."
    ]


async def test_a_later_export_cancels_an_order_unless_money_came_in(tmp_path: Path) -> None:
    toml = sales(receipts=RECEIPTS % "oldest")
    orders = order_rows(ORDER, {**ORDER, "No": "2", "Customer": "B"})
    folder = write(
        tmp_path,
        customers_csv=CUSTOMER_ROWS,
        orders_csv=orders,
        receipts_csv=RECEIPT_HEAD + "r1,A,2026-03-20,5,\n",
    )
    await bring_in(toml, folder)
    changed = orders.replace("approved,,,1000.00,,", "cancelled,,,1000.00,,2026-04-01")
    outcome = await bring_in(toml, write(tmp_path, orders_csv=changed))
    assert reasons(outcome) == [
        "The file cancels the order, but money has come in for it. Cancel it here: order 1."
    ]
    second = await Order.get(number="2")
    assert (second.status, second.cancelled_on) == ("cancelled", date(2026, 4, 1))
    assert (await Receivable.get(order_id=second.id)).cancelled_on == date(2026, 4, 1)
