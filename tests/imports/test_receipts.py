"""Receipts come in and pay: the oldest first, the order they name, or one that comes later."""

from datetime import date
from pathlib import Path

import pytest

from shared.records import (
    Allocation,
    ExecutionStep,
    Receipt,
    Receivable,
)
from tests.imports.company import undo
from tests.imports.folders import bring_in, count, counts, table, write
from tests.imports.selling import (
    CUSTOMER_ROWS,
    ORDER,
    RECEIPT_HEAD,
    RECEIPTS,
    order_rows,
    sales,
)

pytestmark = pytest.mark.usefixtures("database", "english")


async def test_receipts_pay_the_oldest_first_and_count_from_the_later_day(tmp_path: Path) -> None:
    orders = order_rows(
        {**ORDER, "Day": "2026-02-10"}, {**ORDER, "No": "2", "Day": "2026-01-10", "Total": "300"},
        {**ORDER, "No": "3", "Day": "2026-05-01", "Total": "50"}, {**ORDER, "No": "4", "Customer": "B", "Total": "70"},
        {**ORDER, "No": "5", "Day": "2026-01-01", "Total": "500", "Status": "cancelled"},
    )  # fmt: skip
    rows = RECEIPT_HEAD + "r2,A,2026-03-20,1000,\nr1,A,2026-01-20,400,\nr3,B,2026-03-01,100,\n"
    folder = write(tmp_path, customers_csv=CUSTOMER_ROWS, orders_csv=orders, receipts_csv=rows)
    toml = sales(receipts=RECEIPTS % "oldest")
    outcome = await bring_in(toml, folder)
    assert counts(outcome)[3] == 0
    found = await table(
        "SELECT r.reference, o.number, a.amount_minor FROM allocation a JOIN receipt r ON r.id = a.receipt_id "
        "JOIN sales_order o ON o.id = a.order_id ORDER BY r.reference, a.due_on"
    )
    assert found == [
        ("r1", "2", 30_000), ("r1", "1", 10_000), ("r2", "1", 90_000), ("r2", "3", 5_000), ("r3", "4", 7_000),
    ]  # fmt: skip
    days = {row.amount_minor: row.happened_on for row in await Allocation.all()}
    assert days[10_000] == date(2026, 2, 10), "paid before the order: counts from the order's day"
    assert days[5_000] == date(2026, 5, 1)
    left = await table(
        "SELECT reference, amount_minor - allocated_minor AS rest FROM receipt ORDER BY reference"
    )
    assert left == [("r1", 0), ("r2", 5_000), ("r3", 3_000)]
    for row in await Receivable.filter(cancelled_on=None):
        assert row.received_minor == row.amount_minor == row.received_base_minor
    assert {step.status for step in await ExecutionStep.filter(kind="collect")} == {"done"}
    again = await bring_in(toml, folder)
    assert counts(again)[:2] == (0, 0)
    assert await count("allocation") == 5


async def test_a_receipt_that_names_its_order_pays_that_one(tmp_path: Path) -> None:
    orders = order_rows(ORDER, {**ORDER, "No": "2", "Day": "2026-03-10", "Total": "300"})
    rows = RECEIPT_HEAD + "r1,A,2026-03-20,400,2\n"
    for policy, wanted in (("named", [("2", 30_000)]), ("none", [])):
        folder = write(tmp_path / policy, customers_csv=CUSTOMER_ROWS, orders_csv=orders, receipts_csv=rows)
        outcome = await bring_in(sales(receipts=RECEIPTS % policy).replace("erp", policy), folder)
        assert outcome.account.failed == 0
        found = await table(
            "SELECT o.number, a.amount_minor FROM allocation a JOIN sales_order o ON o.id = a.order_id"
        )
        assert found == wanted
        await undo(outcome.account)
        assert await count("allocation") == 0
    folder = write(tmp_path / "both", customers_csv=CUSTOMER_ROWS, orders_csv=orders, receipts_csv=rows)
    await bring_in(sales(receipts=RECEIPTS % "oldest"), folder)
    found = await table(
        "SELECT o.number, a.amount_minor FROM allocation a JOIN sales_order o ON o.id = a.order_id ORDER BY 1"
    )
    assert found == [("1", 10_000), ("2", 30_000)]


async def test_an_order_that_comes_later_is_paid_by_what_was_left(tmp_path: Path) -> None:
    toml = sales(receipts=RECEIPTS % "oldest")
    rows = RECEIPT_HEAD + "r1,A,2026-03-20,1500,\n"
    await bring_in(
        toml, write(tmp_path, customers_csv=CUSTOMER_ROWS, orders_csv=order_rows(ORDER), receipts_csv=rows)
    )
    assert (await Receipt.get()).allocated_minor == 100_000
    later = order_rows(ORDER, {**ORDER, "No": "2", "Day": "2026-06-01", "Total": "800"})
    await bring_in(toml, write(tmp_path, orders_csv=later))
    assert (await Receipt.get()).allocated_minor == 150_000
    assert (await Allocation.get(amount_minor=50_000)).happened_on == date(2026, 6, 1)
