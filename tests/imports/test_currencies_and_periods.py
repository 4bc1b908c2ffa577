"""Foreign money is booked at its rate and settled exactly; a closed period takes nothing."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from branch_node.home import Home, at_home
from branch_node.imports.problems import BadMapping
from shared.records import (
    COMPANY,
    Allocation,
    Customer,
    ExchangeRate,
    FiscalPeriod,
    Receivable,
)
from tests.imports.folders import bring_in, reasons, table, write
from tests.imports.selling import (
    CUSTOMER_ROWS,
    ORDER,
    RECEIPT_HEAD,
    RECEIPTS,
    order_rows,
    sales,
)

pytestmark = pytest.mark.usefixtures("database", "english")


async def test_a_foreign_order_is_booked_at_the_rate_given_or_at_headquarters_rate_and_never_at_one(
    tmp_path: Path,
) -> None:
    await ExchangeRate.create(
        branch=COMPANY, currency="EUR", to_currency="CNY", happened_on=date(2026, 1, 1), rate_e9=7_800_000_000
    )
    rows = order_rows(
        {**ORDER, "Currency": "USD", "Rate": "7.125", "Total": "100"}, {**ORDER, "No": "2", "Currency": "EUR", "Total": "$100"},
        {**ORDER, "No": "3", "Currency": "EUR", "Total": "100"}, {**ORDER, "No": "4", "Currency": "GBP", "Total": "100"},
    )  # fmt: skip
    outcome = await bring_in(sales(), write(tmp_path, customers_csv=CUSTOMER_ROWS, orders_csv=rows))
    assert await table("SELECT number, base_minor, rate_e9 FROM sales_order ORDER BY number") == [
        ("1", 71_250, 7_125_000_000), ("3", 78_000, 7_800_000_000),
    ]  # fmt: skip
    assert [row.base_minor for row in await Receivable.all().order_by("amount_minor", "base_minor")] == [
        71_250,
        78_000,
    ]
    assert reasons(outcome)[1] == "There is no rate from GBP to CNY on 2026-02-10. Map the field rate."


async def test_an_amount_is_read_in_the_currency_of_its_row_and_without_one_in_that_of_the_file(
    tmp_path: Path,
) -> None:
    rows = order_rows(
        {**ORDER, "Currency": "JPY", "Rate": "0.05", "Total": "'12,345'"},
        {**ORDER, "No": "2", "Currency": "JPY", "Rate": "0.05", "Total": "12.50"},
        {**ORDER, "No": "3", "Rate": "7", "Total": "$12.50"},
    ).replace("'", '"')
    outcome = await bring_in(
        sales(currency="USD"), write(tmp_path, customers_csv=CUSTOMER_ROWS, orders_csv=rows)
    )
    assert await table("SELECT number, currency, total_minor, base_minor FROM sales_order ORDER BY number") == [
        ("1", "JPY", 12_345, 61_725), ("3", "USD", 1_250, 8_750),
    ]  # fmt: skip
    assert "12.50" in reasons(outcome)[0]
    assert (await Customer.get(code="A")).currency == "CNY"


async def test_a_credit_limit_in_a_foreign_currency_is_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    toml = sales(currency="USD").replace(
        'acquired_on = "Since"', 'acquired_on = "Since"\ncredit_limit = "Limit"'
    )
    with pytest.raises(BadMapping) as refused:
        await bring_in(
            toml, write(tmp_path, customers_csv="No,Name,Since,Limit\nA,Acme,,100\n", orders_csv=order_rows())
        )
    (fault,) = refused.value.faults
    assert fault.message.params["base"] == "CNY"
    assert await Customer.all().count() == 0


async def test_allocations_of_foreign_money_settle_the_base_amount_exactly(tmp_path: Path) -> None:
    with at_home(Home("SH", currency="USD")):
        rows = order_rows({**ORDER, "Currency": "CNY", "Rate": "0.140449", "Total": "100.03"})
        receipts = RECEIPT_HEAD + "r1,A,2026-03-01,33.34,\nr2,A,2026-03-02,33.34,\nr3,A,2026-03-03,33.35,\n"
        toml = sales(receipts=RECEIPTS % "oldest").replace(
            'amount = "Amount"',
            'amount = "Amount"\ncurrency = { constant = "CNY" }\nrate = { constant = "0.15" }',
        )
        await bring_in(
            toml, write(tmp_path, customers_csv=CUSTOMER_ROWS, orders_csv=rows, receipts_csv=receipts)
        )
        part = await Receivable.get()
        assert part.received_minor == part.amount_minor == 10_003
        assert part.received_base_minor == part.base_minor == 1_405
        assert sum(row.base_minor for row in await Allocation.all()) == 1_405


async def test_a_closed_period_refuses_postings(tmp_path: Path) -> None:
    for number, closed in ((1, datetime(2026, 2, 5, tzinfo=UTC)), (2, None)):
        await FiscalPeriod.create(
            branch=COMPANY,
            code=f"2026-0{number}",
            first_on=date(2026, number, 1),
            after_on=date(2026, number + 1, 1),
            closed_at=closed,
        )
    rows = order_rows(
        ORDER, {**ORDER, "No": "2", "Day": "2026-01-31"}, {**ORDER, "No": "3", "Day": "2025-01-31"}
    )
    outcome = await bring_in(sales(), write(tmp_path, customers_csv=CUSTOMER_ROWS, orders_csv=rows))
    assert await table("SELECT number FROM sales_order ORDER BY number") == [("1",), ("3",)]
    assert reasons(outcome) == ["2026-01 is closed. Post into 2026-02 or ask finance to reopen it."]
