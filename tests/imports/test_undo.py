"""A run is taken back: what it made goes, what it changed returns, what people have touched since stays."""

from datetime import date
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from branch_node.imports.undo import _TARGETS, NOT_FOLLOWED, undo_run
from branch_node.receipts.actions import allocate_receipt
from shared.database import execute
from shared.errors import Conflict, NotFound
from shared.ids import new_id
from shared.permissions import Scope
from shared.records import (
    REPLICATED,
    Activity,
    Allocation,
    AuditEntry,
    ContactPoint,
    Customer,
    ImportRun,
    Order,
    OrderLine,
    Receipt,
)
from tests.imports.company import undo
from tests.imports.folders import CUSTOMERS, HEADER, bring_in, count, counts, table, write
from tests.imports.selling import CUSTOMER_ROWS, ORDER, RECEIPT_HEAD, RECEIPTS, order_rows, sales
from tests.imports.test_importing import matching
from tests.support.cast import LIN, WANG, acting, customer_of, hire

pytestmark = pytest.mark.usefixtures("database", "english")
ROWS = HEADER + "1,A,010-65051234,a@a.cn,x\n2,B,,b@b.cn,y\n3,C,,,z\n"


async def test_an_undone_run_leaves_nothing_and_its_rows_can_come_again(tmp_path: Path) -> None:
    folder = write(tmp_path, customers_csv=ROWS)
    outcome = await bring_in(CUSTOMERS, folder)
    undone = await undo(outcome.account)
    assert (undone.deleted, undone.restored, undone.kept) == (3, 0, {})
    assert [await count(name) for name in ("customer", "contact_point", "imported_row")] == [0, 0, 0]
    run = await ImportRun.get(id=UUID(outcome.account.run))
    assert run.status == "undone"
    assert (await AuditEntry.get()).action == "import.undone"
    assert counts(await bring_in(CUSTOMERS, folder)) == (3, 0, 0, 0)


async def test_a_run_is_undone_once_and_an_unknown_one_is_not_found(tmp_path: Path) -> None:
    outcome = await bring_in(CUSTOMERS, write(tmp_path, customers_csv=ROWS))
    await undo(outcome.account)
    with pytest.raises(Conflict):
        await undo(outcome.account)
    with pytest.raises(NotFound):
        await undo_run(new_id())


async def test_rows_that_people_changed_or_used_stay_with_all_that_belongs_to_them(tmp_path: Path) -> None:
    await hire(LIN)
    outcome = await bring_in(CUSTOMERS, write(tmp_path, customers_csv=ROWS + "4,D,,d@d.cn,\n5,E,,,\n"))
    changed, used, reached = [await Customer.get(code=code) for code in "124"]
    with acting(LIN):
        changed.city = "Bonn"
        await changed.save()
        await Activity.create(
            branch="SH", customer_id=used.id, kind="call", subject="x", happened_on=date(2026, 11, 1)
        )
        await ContactPoint.create(
            branch="SH", customer_id=reached.id, kind="email", value="e@e.cn", key="e@e.cn"
        )
    undone = await undo(outcome.account)
    assert undone.kept == {"edited": 2, "in_use": 1}
    assert await table("SELECT code FROM customer ORDER BY code") == [("1",), ("2",), ("4",)]
    assert [key for (key,) in await table("SELECT key FROM contact_point ORDER BY key")] == [
        "+861065051234", "a@a.cn", "b@b.cn", "d@d.cn", "e@e.cn",
    ]  # fmt: skip


async def test_updates_are_taken_back_unless_a_person_has_changed_the_row_since(tmp_path: Path) -> None:
    first = await bring_in(CUSTOMERS, write(tmp_path, customers_csv=ROWS))
    second = await bring_in(
        CUSTOMERS,
        write(
            tmp_path,
            customers_csv=ROWS.replace(",x", ",x2").replace(",y", ",y2").replace("65051234", "65051235"),
        ),
    )
    assert counts(second) == (0, 2, 1, 0)
    assert await ContactPoint.filter(key="+861065051235").exists()
    other = await Customer.get(code="2")
    other.name = "Renamed"
    await other.save()
    undone = await undo(second.account)
    assert (undone.deleted, undone.restored, undone.kept) == (1, 1, {"edited": 1})
    assert await table("SELECT code, name, city FROM customer ORDER BY code") == [
        ("1", "A", "x"),
        ("2", "Renamed", "y2"),
        ("3", "C", "z"),
    ]
    assert not await ContactPoint.filter(key="+861065051235").exists()
    undone = await undo(first.account)
    assert undone.kept == {"edited": 1}, "the row that the second run restored is the first run's again"
    assert await table("SELECT code FROM customer") == [("2",)]


async def test_fields_filled_at_a_persons_customer_are_emptied_again(tmp_path: Path) -> None:
    await hire(LIN)
    await customer_of(LIN, "Old", code="1")
    outcome = await bring_in(
        matching("fill", "code"), write(tmp_path, customers_csv=HEADER + "1,New,,n@n.cn,北京\n")
    )
    assert await table("SELECT name, city, email FROM customer") == [("Old", "北京", "n@n.cn")]
    await undo(outcome.account)
    assert await table("SELECT name, city, email FROM customer") == [("Old", "", "")]
    assert await count("contact_point") == 0


# --- money --------------------------------------------------------------------------------------------------------

TOML = sales(receipts=RECEIPTS % "oldest")
TWO = order_rows(ORDER, {**ORDER, "No": "2", "Customer": "B", "Total": "300"})


async def test_orders_that_are_taken_back_unsign_their_customers(tmp_path: Path) -> None:
    await hire(LIN)
    known = await customer_of(LIN, code="A", status="prospect", acquired_on=date(2026, 3, 1))
    folder = write(tmp_path, customers_csv=CUSTOMER_ROWS, orders_csv=order_rows(ORDER))
    outcome = await bring_in(sales(), folder)
    signed = await Customer.get(id=known.id)
    assert (signed.signed_on, signed.acquired_on, signed.status) == (
        date(2026, 2, 10),
        date(2026, 2, 10),
        "customer",
    )
    await undo(outcome.account)
    back = await Customer.get(id=known.id)
    assert (back.signed_on, back.acquired_on, back.status) == (None, date(2026, 3, 1), "prospect")
    assert [await count(name) for name in ("sales_order", "order_line", "receivable", "execution_step")] == [
        0
    ] * 4


async def test_an_edited_order_stays_with_lines_and_instalments_and_its_receipt_goes(tmp_path: Path) -> None:
    rows = RECEIPT_HEAD + "r1,A,2026-03-01,400,\nr2,B,2026-03-01,300,\n"
    outcome = await bring_in(
        TOML, write(tmp_path, customers_csv=CUSTOMER_ROWS, orders_csv=TWO, receipts_csv=rows)
    )
    order = await Order.get(number="1")
    order.notes = "call before delivery"
    await order.save()
    undone = await undo(outcome.account)
    assert undone.kept == {"edited": 1, "in_use": 1}, "the order and its customer"
    assert await table("SELECT number FROM sales_order") == [("1",)]
    assert await table("SELECT received_minor, amount_minor FROM receivable") == [(0, 100_000)]
    assert (await OrderLine.all().count(), await Receipt.all().count(), await Allocation.all().count()) == (
        1,
        0,
        0,
    )
    assert await table("SELECT code FROM customer") == [("A",)]


async def test_what_a_person_allocated_holds_receipt_order_and_customer(tmp_path: Path) -> None:
    rows = RECEIPT_HEAD + "r1,A,2026-03-01,400,\nr2,B,2026-03-01,300,\n"
    folder = write(tmp_path, customers_csv=CUSTOMER_ROWS, orders_csv=TWO, receipts_csv=rows)
    outcome = await bring_in(sales(receipts=RECEIPTS % "none"), folder)
    await hire(WANG)
    with acting(WANG):
        wang = WANG.with_grants(receipt__view=Scope.BRANCH, allocation__edit=Scope.BRANCH)
        receipt = await Receipt.get(reference="r1")
        await allocate_receipt(wang, receipt.id, "oldest", {})
    undone = await undo(outcome.account)
    assert undone.kept == {"edited": 1, "in_use": 2}
    assert await table("SELECT number FROM sales_order") == [("1",)]
    assert await table("SELECT reference, allocated_minor FROM receipt") == [("r1", 40_000)]
    assert await table("SELECT received_minor FROM receivable") == [(40_000,)]


async def test_a_later_run_is_taken_back_alone(tmp_path: Path) -> None:
    rows = RECEIPT_HEAD + "r1,A,2026-03-20,1500,\n"
    folder = write(tmp_path, customers_csv=CUSTOMER_ROWS, orders_csv=order_rows(ORDER), receipts_csv=rows)
    await bring_in(TOML, folder)
    more = order_rows(ORDER, {**ORDER, "No": "2", "Day": "2026-06-01", "Total": "800"})
    later = await bring_in(TOML, write(tmp_path, orders_csv=more))
    assert (await Receipt.get()).allocated_minor == 150_000
    undone = await undo(later.account)
    assert undone.kept == {}
    assert (await Receipt.get()).allocated_minor == 100_000
    assert await Allocation.all().count() == 1
    assert await table("SELECT number FROM sales_order") == [("1",)]
    assert counts(await bring_in(TOML, folder)) == (1, 0, 4, 0)


async def test_an_undo_that_broke_off_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from branch_node.imports import undo as undoing

    outcome = await bring_in(
        TOML,
        write(
            tmp_path,
            customers_csv=CUSTOMER_ROWS,
            orders_csv=TWO,
            receipts_csv=RECEIPT_HEAD + "r1,A,2026-03-01,400,\n",
        ),
    )
    monkeypatch.setattr(undoing, "ROWS_AT_ONCE", 1)
    done = 0

    def break_off(deleted: int, total: int) -> None:
        nonlocal done
        done = deleted
        if deleted == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await undo_run(UUID(outcome.account.run), report=break_off)
    assert done == 2
    await undo(outcome.account)
    assert [
        await count(name) for name in ("customer", "sales_order", "receivable", "receipt", "allocation")
    ] == [0] * 5


def test_every_reference_of_a_record_is_followed_or_known_not_to_hold() -> None:
    loose = {
        f"{model.__name__}.{name}"
        for model in REPLICATED
        for name, field in model._meta.fields_map.items()
        if type(field).__name__ == "UUIDField"
        and name != "id"
        and name not in _TARGETS
        and name not in NOT_FOLLOWED
    }
    assert loose == set()


class Line(NamedTuple):
    """A row of a file: its number, name and city, and whether a person edits the customer after it came in."""

    number: int
    name: str
    city: str
    is_edited: bool


LINES = st.lists(
    st.builds(
        Line,
        st.integers(1, 6),
        st.sampled_from(("", "A", "B 厂")),
        st.sampled_from(("", "x", "y" * 81)),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
)


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(LINES)
async def test_whatever_the_file_says_every_row_is_accounted_for_comes_once_and_goes_unless_edited(
    tmp_path_factory: pytest.TempPathFactory, lines: list[Line]
) -> None:
    """Rows without a name, with a city that is too long, given twice under a number, and good ones."""
    rows = "".join(f"{one.number},{one.name},,,{one.city}\n" for one in lines)
    folder = write(tmp_path_factory.mktemp("drawn"), customers_csv=HEADER + rows)
    was = await count("customer")
    first = await bring_in(CUSTOMERS, folder)
    assert sum(counts(first)) == first.account.read == len(lines)
    created = counts(first)[0]
    assert created == await count("customer") - was <= len({one.number for one in lines})
    again = await bring_in(CUSTOMERS, folder)
    assert sum(counts(again)) == len(lines)
    assert (again.account.created, again.account.failed) == (0, first.account.failed)
    edited = {str(one.number) for one in lines if one.is_edited}
    kept = 0
    for row in await Customer.filter(code__in=sorted(edited)):
        row.notes = "seen"
        await row.save()
        kept += 1
    undone = await undo(first.account)
    assert (undone.deleted, sum(undone.kept.values())) == (created - kept, kept)
    assert await count("customer") == was + kept
    await execute("DELETE FROM customer")
