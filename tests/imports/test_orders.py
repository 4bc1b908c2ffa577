"""Orders come in with what they bring: lines, instalments, execution steps, signed customers, sellers and own fields."""

from datetime import date
from pathlib import Path

import pytest

from branch_node.customers.field_definitions import add_custom_field
from shared.records import (
    Customer,
    Employee,
    ExecutionStep,
    Order,
    OrderLine,
    Receivable,
)
from tests.imports.company import undo
from tests.imports.folders import bring_in, count, counts, reasons, table, write
from tests.imports.selling import CUSTOMER_ROWS, LINES, ORDER, ORDER_HEAD, order_rows, sales
from tests.support.cast import ADMIN, LIN, SUN, hire

pytestmark = pytest.mark.usefixtures("database", "english")


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
