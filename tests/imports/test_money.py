"""Orders, receipts and expenses come in with what they bring: instalments, allocations, signed customers, base amounts."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from branch_node.customers.field_definitions import add_custom_field
from branch_node.home import Home, at_home
from branch_node.imports.problems import BadMapping
from shared import i18n
from shared.records import (
    COMPANY,
    Allocation,
    Customer,
    Employee,
    ExchangeRate,
    ExecutionStep,
    Expense,
    FiscalPeriod,
    Order,
    OrderLine,
    Receipt,
    Receivable,
)
from tests.imports.company import undo
from tests.imports.folders import bring_in, count, counts, reasons, table, write
from tests.support.cast import ADMIN, LIN, SUN, customer_of, hire

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
def english():
    with i18n.use_locale("en"):
        yield


SALES = """
name = "erp"
[formats]
currency = "%(currency)s"
[files]
customers = { path = "customers.csv" }
orders = { path = "orders.csv" }
lines = { path = "lines.csv", optional = true }
parts = { path = "parts.csv", optional = true }
receipts = { path = "receipts.csv", optional = true }
[[records]]
record = "customer"
file = "customers"
[records.fields]
code = "No"
name = "Name"
acquired_on = "Since"
[[records]]
record = "order"
file = "orders"
[records.fields]
number = "No"
customer = "Customer"
happened_on = "Day"
status = "Status"
currency = "Currency"
rate = "Rate"
total = "Total"
shipped_on = "Shipped"
cancelled_on = "Cancelled"
discount = "Discount"
tax = "Tax"
%(instalments)s
%(lines)s
%(receipts)s
"""
LINES = """
[records.lines]
file = "lines"
on = { Order = "No" }
[records.lines.fields]
text = "Text"
quantity = "Quantity"
price = "Price"
list_price = "List"
"""
RECEIPTS = """
[[records]]
record = "receipt"
file = "receipts"
key = ["No"]
allocate = "%s"
[records.fields]
reference = "No"
customer = "Customer"
happened_on = "Day"
amount = "Amount"
order = "Order"
"""
CUSTOMER_ROWS = "No,Name,Since\nA,Acme,2026-03-01\nB,Beta,\n"
ORDER_HEAD = "No,Customer,Day,Status,Currency,Rate,Total,Shipped,Cancelled,Discount,Tax\n"


def sales(
    instalments: str = "[records.instalments]\ndays = 30",
    lines: str = "",
    receipts: str = "",
    currency: str = "CNY",
) -> str:
    return SALES % {"instalments": instalments, "lines": lines, "receipts": receipts, "currency": currency}


def order_rows(*rows: dict[str, Any]) -> str:
    names = ORDER_HEAD.strip().split(",")
    return ORDER_HEAD + "".join(",".join(str(row.get(name, "")) for name in names) + "\n" for row in rows)


ORDER = {"No": "1", "Customer": "A", "Day": "2026-02-10", "Status": "approved", "Total": "1000.00"}


async def test_an_approved_order_makes_its_instalment_and_signs_the_customer(tmp_path: Path) -> None:
    folder = write(tmp_path, customers_csv=CUSTOMER_ROWS, orders_csv=order_rows(ORDER))
    assert counts(await bring_in(sales(), folder)) == (3, 0, 0, 0)
    order = await Order.get(number="1")
    assert (order.approved_on, order.total_minor, order.base_minor, order.status) == (
        date(2026, 2, 10),
        100_000,
        100_000,
        "approved",
    )
    assert len(order.approved_hash) == 64
    part = await Receivable.get(order_id=order.id)
    assert (part.happened_on, part.due_on, part.amount_minor, part.base_minor) == (
        date(2026, 2, 10),
        date(2026, 3, 12),
        100_000,
        100_000,
    )
    line = await OrderLine.get(order_id=order.id)
    assert (line.amount_minor, line.quantity_milli, line.text) == (100_000, 1_000, "1")
    acme, beta = await Customer.get(code="A"), await Customer.get(code="B")
    assert (acme.signed_on, acme.acquired_on, acme.status) == (
        date(2026, 2, 10),
        date(2026, 2, 10),
        "customer",
    )
    assert (beta.signed_on, beta.status) == (None, "prospect")
    steps = await ExecutionStep.filter(order_id=order.id).order_by("position")
    assert [step.kind for step in steps] == ["pick", "ship", "collect"]


@pytest.mark.parametrize("status", ["draft", "submitted", "rejected"])
async def test_an_order_that_is_not_approved_has_no_effect(tmp_path: Path, status: str) -> None:
    folder = write(tmp_path, customers_csv=CUSTOMER_ROWS, orders_csv=order_rows({**ORDER, "Status": status}))
    await bring_in(sales(), folder)
    order = await Order.get(number="1")
    assert (order.status, order.approved_on, order.approved_hash) == (status, None, "")
    assert (await count("receivable"), await count("execution_step")) == (0, 0)
    assert (await Customer.get(code="A")).signed_on is None


async def test_a_cancelled_order_was_due_until_it_was_cancelled(tmp_path: Path) -> None:
    rows = order_rows(
        {**ORDER, "Status": "cancelled", "Cancelled": "2026-02-20"},
        {**ORDER, "No": "2", "Status": "cancelled"},
    )
    await bring_in(sales(), write(tmp_path, customers_csv=CUSTOMER_ROWS, orders_csv=rows))
    first, second = await Order.get(number="1"), await Order.get(number="2")
    assert (first.approved_on, first.cancelled_on) == (date(2026, 2, 10), date(2026, 2, 20))
    assert (second.approved_on, second.cancelled_on) == (date(2026, 2, 10), date(2026, 2, 10))
    assert {row.cancelled_on for row in await Receivable.all()} == {date(2026, 2, 20), date(2026, 2, 10)}


async def test_lines_make_the_order_and_a_total_that_differs_is_refused(tmp_path: Path) -> None:
    lines = "Order,Text,Quantity,Price,List\n1,x,2.5,100.00,120\n1,y,3,33.33,\n2,z,1,5,5\n9,lost,1,1,1\n"
    rows = order_rows(
        {**ORDER, "Total": "", "Discount": "50", "Tax": "12.34"}, {**ORDER, "No": "2", "Total": "6.00"}
    )
    folder = write(tmp_path, customers_csv=CUSTOMER_ROWS, orders_csv=rows, lines_csv=lines)
    outcome = await bring_in(sales(lines=LINES), folder)
    order = await Order.get(number="1")
    assert (order.subtotal_minor, order.discount_minor, order.tax_minor, order.total_minor) == (
        34_999,
        5_000,
        1_234,
        31_233,
    )
    assert order.effective_discount_bp == 2_501
    assert [(one.file, one.created, one.failed) for one in outcome.account.files] == [
        ("customers.csv", 2, 0), ("orders.csv", 1, 1), ("lines.csv", 2, 2),
    ]  # fmt: skip
    assert reasons(outcome) == [
        "The lines make CNY 5.00, the order says CNY 6.00. Correct one of them.",
        "The row it belongs to was not imported (line 3 of orders.csv).",
        "orders.csv has no row for this.",
    ]


async def test_a_line_that_cannot_be_read_fails_its_order_and_names_itself(tmp_path: Path) -> None:
    lines = "Order,Text,Quantity,Price,List\n1,x,two,100.00,\n1,y,3,33.33,\n"
    folder = write(tmp_path, customers_csv=CUSTOMER_ROWS, orders_csv=order_rows(ORDER), lines_csv=lines)
    outcome = await bring_in(sales(lines=LINES), folder)
    assert [(note.file, note.line, note.reason) for note in outcome.notes] == [
        ("orders.csv", 2, "Line 2 of lines.csv, which belongs to it, cannot be read."),
        ("lines.csv", 2, '"two" is not a number.'),
        ("lines.csv", 3, "The row it belongs to was not imported (line 2 of orders.csv)."),
    ]
    assert await count("sales_order") == 0


async def test_instalments_by_plan_by_date_and_by_file(tmp_path: Path) -> None:
    plan = "[records.instalments]\nplan = [{ percent = 33.33 }, { percent = 33.33, days = 30 }, { percent = 33.34, days = 60 }]"
    folder = write(
        tmp_path / "plan", customers_csv=CUSTOMER_ROWS, orders_csv=order_rows({**ORDER, "Total": "100.01"})
    )
    await bring_in(sales(plan), folder)
    rows = await table("SELECT amount_minor, base_minor FROM receivable ORDER BY position")
    assert rows == [(3_333, 3_333), (3_333, 3_333), (3_335, 3_335)]
    folder = write(
        tmp_path / "day",
        customers_csv=CUSTOMER_ROWS,
        orders_csv=order_rows({**ORDER, "No": "2", "Shipped": "2026-04-01"}),
    )
    await bring_in(sales('[records.instalments]\ndue_on = "Shipped"'), folder)
    assert (await Receivable.get(order_id=(await Order.get(number="2")).id)).due_on == date(2026, 4, 1)
    parts = '[records.instalments]\nfile = "parts"\non = { Order = "No" }\n[records.instalments.fields]\ndue_on = "Due"\namount = "Amount"'
    folder = write(
        tmp_path / "file", customers_csv=CUSTOMER_ROWS, orders_csv=order_rows({**ORDER, "No": "3"}, {**ORDER, "No": "4"}),
        parts_csv="Order,Due,Amount\n3,2026-05-01,400\n3,2026-04-01,600\n4,2026-04-01,999\n",
    )  # fmt: skip
    outcome = await bring_in(sales(parts), folder)
    order = await Order.get(number="3")
    found = await Receivable.filter(order_id=order.id).order_by("position")
    assert [(row.due_on, row.amount_minor) for row in found] == [
        (date(2026, 4, 1), 60_000),
        (date(2026, 5, 1), 40_000),
    ]
    assert [part["amount_minor"] for part in order.instalment_plan] == [60_000, 40_000]
    assert (
        reasons(outcome)[0] == "The instalments make CNY 999.00, the order CNY 1000.00. Correct one of them."
    )


RECEIPT_HEAD = "No,Customer,Day,Amount,Order\n"


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


# --- currencies, closed periods -----------------------------------------------------------------------------------


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


# --- changed files ------------------------------------------------------------------------------------------------


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


# --- expenses and activities --------------------------------------------------------------------------------------


async def test_expenses_count_from_approval(tmp_path: Path) -> None:
    toml = """
name = "books"
[formats]
decimal = ","
currency = "CNY"
[files]
e = { path = "e.csv" }
[[records]]
record = "expense"
file = "e"
[records.fields]
number = "No"
owner = "Who"
category = "Kind"
happened_on = "Day"
amount = "Amount"
status = { column = "State", values = { bezahlt = "paid", offen = "submitted" } }
"""
    await hire(LIN)
    lin = await Employee.get(id=LIN.id)
    rows = f"No;Who;Kind;Day;Amount;State\n1;{lin.number};travel;2026-02-01;1.234,50;bezahlt\n2;;rent;2026-02-02;5;offen\n3;;rent;2026-02-02;-5;offen\n4;;rent;2026-02-02;5;neu\n"
    outcome = await bring_in(toml, write(tmp_path, e_csv=rows))
    assert counts(outcome) == (2, 0, 0, 2)
    paid, waiting = await Expense.get(number="1"), await Expense.get(number="2")
    assert (paid.amount_minor, paid.base_minor, paid.owner_id, paid.department_id) == (
        123_450,
        123_450,
        LIN.id,
        LIN.department_id,
    )
    assert (paid.status, paid.approved_on, paid.paid_on) == ("paid", date(2026, 2, 1), date(2026, 2, 1))
    assert (waiting.status, waiting.approved_on) == ("submitted", None)
    assert reasons(outcome) == [
        "An amount must be more than 0.",
        '"neu" has no meaning in records[1].fields.status.values. Add it there.',
    ]


async def test_activities_set_the_days_of_contact(tmp_path: Path) -> None:
    toml = """
name = "crm"
[files]
a = { path = "a.csv" }
[[records]]
record = "activity"
file = "a"
key = ["No"]
[records.fields]
customer = "Customer"
kind = "Kind"
subject = "Text"
happened_on = "Day"
planned_on = "Plan"
next_on = "Next"
"""
    await hire(LIN)
    await customer_of(LIN, code="A", last_contact_on=date(2026, 1, 1), next_contact_on=date(2026, 1, 20))
    rows = "No,Customer,Kind,Text,Day,Plan,Next\n1,A,call,x,2026-02-01,,2026-03-01\n2,A,visit,y,2026-01-15,,2026-02-15\n3,A,call,z,,2026-02-20,\n4,A,call,w,,,\n"
    outcome = await bring_in(toml, write(tmp_path, a_csv=rows))
    assert counts(outcome) == (3, 0, 0, 1)
    customer = await Customer.get(code="A")
    assert (customer.last_contact_on, customer.next_contact_on) == (date(2026, 2, 1), date(2026, 2, 20))
    await undo(outcome.account)
    customer = await Customer.get(code="A")
    assert (customer.last_contact_on, customer.next_contact_on) == (date(2026, 1, 1), date(2026, 1, 20))


# --- several sellers ----------------------------------------------------------------------------------------------


async def test_a_file_splits_orders_between_sellers_follows_them_and_takes_them_back(tmp_path: Path) -> None:
    await hire(LIN, SUN)
    lin, sun = [(await Employee.get(id=one.id)).number for one in (LIN, SUN)]
    toml = sales().replace('shipped_on = "Shipped"', 'shipped_on = "Shipped"\nsellers = "Sellers"')
    head = ORDER_HEAD.strip() + ",Sellers\n"

    def rows(*given: tuple[str, str, str, str]) -> str:
        return head + "".join(
            f"{no},A,2026-02-10,{status},,,100.01,,{off},,,{who}\n" for no, status, off, who in given
        )

    both, short = f"{lin} 70; {sun}: 30%", f"{lin} 70"
    first = rows(
        ("1", "approved", "", both),
        ("2", "draft", "", both),
        ("3", "approved", "", short),
        ("4", "draft", "", "X 100"),
    )
    folder = write(tmp_path, customers_csv=CUSTOMER_ROWS, orders_csv=first)
    outcome = await bring_in(toml, folder)
    assert reasons(outcome) == [
        "The shares make 70 %. Together they must make 100 %.",
        "X: give a number of the staff and a share, such as A-1 70; A-2 30.",
    ]
    shares = (
        "SELECT s.share_bp, s.base_minor, s.approved_on IS NOT NULL AS counts, s.cancelled_on IS NOT NULL AS ended FROM order_share s "
        "JOIN sales_order o ON o.id = s.order_id WHERE o.number = :number ORDER BY s.position"
    )
    assert await table(shares, number="1") == [(7_000, 7_001, True, False), (3_000, 3_000, True, False)]
    assert await table(shares, number="2") == [(7_000, 0, False, False), (3_000, 0, False, False)]
    later = rows(("1", "cancelled", "2026-03-01", both), ("2", "approved", "", both))
    outcome = await bring_in(toml, write(tmp_path, orders_csv=later))
    assert await table(shares, number="1") == [(7_000, 7_001, True, True), (3_000, 3_000, True, True)]
    assert await table(shares, number="2") == [(7_000, 7_001, True, False), (3_000, 3_000, True, False)]
    await undo(outcome.account)
    assert await table(shares, number="1") == [(7_000, 7_001, True, False), (3_000, 3_000, True, False)]
    assert await table(shares, number="2") == [(7_000, 0, False, False), (3_000, 0, False, False)]


# --- own fields ---------------------------------------------------------------------------------------------------


async def test_values_of_own_fields_are_read_by_their_kind_or_refused(tmp_path: Path) -> None:
    await hire(ADMIN)
    kinds = {"weight": "number", "since": "date", "express": "tick", "channel": "choice", "note": "text"}
    for key, kind in kinds.items():
        choices = ("Fair", "Phone") if kind == "choice" else ()
        await add_custom_field(
            ADMIN.person, entity="order", key=key, label=key, label_en="", kind=kind, choices=choices, required=False
        )  # fmt: skip
    mapped = "".join(f'"custom.{key}" = "{key}"\n' for key in kinds)
    mapped = mapped.replace('"since"\n', '{ column = "since", dates = ["DD/MM/YYYY"] }\n')
    toml = sales().replace('shipped_on = "Shipped"\n', f'shipped_on = "Shipped"\n{mapped}')
    head = f"{ORDER_HEAD.strip()},{','.join(kinds)}\n"
    good = {
        "weight": "12.50",
        "since": "07/03/2026",
        "express": "yes",
        "channel": "fair",
        "note": "as agreed",
    }
    bad = {"weight": "heavy", "since": "31/02/2026", "express": "perhaps", "channel": "Mail"}
    cells = [good, *({**good, key: value} for key, value in bad.items()), dict.fromkeys(kinds, "")]
    rows = [
        f"{no},A,2026-02-10,draft,,,100.00,,,,,{','.join(one.values())}\n" for no, one in enumerate(cells, 1)
    ]
    outcome = await bring_in(
        toml, write(tmp_path, customers_csv=CUSTOMER_ROWS, orders_csv=head + "".join(rows))
    )
    assert [note.column for note in outcome.notes] == [f"custom.{key}" for key in bad]
    assert counts(outcome)[3] == len(bad)
    stored = {
        "weight": "12.5",
        "since": "2026-03-07",
        "express": True,
        "channel": "Fair",
        "note": "as agreed",
    }
    assert {one.number: one.custom for one in await Order.all()} == {"1": stored, "6": {}}
