"""Receipts and what they pay, on both engines: nothing over-allocated, nothing deleted, figures that hold as of any
day. Races run on two real connections."""

import asyncio
import json
from datetime import date
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from branch_node.approvals.actions import decide
from branch_node.home import at_home
from branch_node.orders.actions import cancel_order, submit_order
from branch_node.orders.forms import CancelForm
from branch_node.quotations.actions import accept_quotation, enter_quotation, send_quotation
from branch_node.quotations.forms import QuotationForm
from branch_node.receipts.actions import (
    allocate_receipt,
    reverse_receipt,
    take_back_allocation,
)
from branch_node.receipts.queries import look_alike, parts_of
from branch_node.receivables.actions import adjust, reverse_adjustment
from branch_node.receivables.forms import AdjustmentForm
from branch_node.receivables.queries import Filter, totals
from shared.database import Database, as_actor, fetch_all, fetch_one, open_database
from shared.errors import Conflict, Invalid, NotAllowed, NotFound, Refused
from shared.records import Adjustment, Allocation, ExchangeRate, Order, Receipt, Receivable
from tests.support.cast import LIN, MANAGER, SUN, WANG, customer_of
from tests.support.sales import approved_order, draft_order, order_form, receipt
from tests.unit.branch_sales.conftest import SH, in_the_name_of

pytestmark = pytest.mark.usefixtures("branch")
TODAY = date(2026, 11, 20)


async def test_oldest_first_pays_what_was_due_first_and_leaves_the_rest_as_credit():
    east = await customer_of(LIN)
    later = await approved_order(east, price="600.00", payment_terms_days="60")
    sooner = await approved_order(east, price="500.00", payment_terms_days="10")
    paid = await receipt(east, "1,250.00")
    parts = await parts_of(paid.id)
    assert [(part.order_id, part.amount.minor) for part in parts] == [
        (sooner.id, 50_000),
        (later.id, 60_000),
    ]
    assert (await Receipt.get(id=paid.id)).allocated_minor == 110_000
    assert (await totals(WANG.person, Filter(TODAY))).unallocated == 15_000
    await reverse_receipt(WANG.person, paid.id, "bounced")
    shown = [(part.is_counter, part.order_id) for part in await parts_of(paid.id)]
    assert shown == [(False, sooner.id), (False, later.id), (True, sooner.id), (True, later.id)]


async def test_a_receipt_comes_to_the_log_once_with_what_it_paid():
    east = await customer_of(LIN)
    await approved_order(east, price="600.00")
    paid = await receipt(east, "250.00")
    rows = await fetch_all("SELECT op, row_after FROM change WHERE pk = :id", id=str(paid.id))
    assert [row["op"] for row in rows] == ["i"]
    assert json.loads(rows[0]["row_after"])["allocated_minor"] == 25_000


async def test_an_exact_amount_finds_its_order():
    east = await customer_of(LIN)
    await approved_order(east, price="600.00", payment_terms_days="10")
    meant = await approved_order(east, price="700.00", parts=[{"share": "50"}, {"share": "50", "days": "30"}])
    paid = await receipt(east, "700.00", mode="exact")
    assert {part.order_id for part in await parts_of(paid.id)} == {meant.id}


async def test_by_hand_refuses_more_than_the_instalment_or_the_receipt_has():
    east = await customer_of(LIN)
    order = await approved_order(east, price="500.00")
    (row,) = await Receivable.filter(order_id=order.id)
    for amount, parts in (("600.00", {row.id: 50_001}), ("400.00", {row.id: 40_005})):
        with pytest.raises(Invalid) as refused:
            await receipt(east, amount, mode="by_hand", parts=parts)
        assert refused.value.code == "amount.too_much"
    assert await Receipt.all().count() == 0
    assert await Allocation.all().count() == 0


async def test_money_never_pays_another_customers_order_or_another_currency():
    east, west = await customer_of(LIN), await customer_of(LIN, "西部机械")
    await ExchangeRate.create(
        branch="COMPANY", currency="USD", to_currency="CNY", happened_on=TODAY, rate_e9=7_000_000_000
    )
    order = await approved_order(west)
    (row,) = await Receivable.filter(order_id=order.id)
    with pytest.raises(Invalid):
        await receipt(east, "100.00", mode="by_hand", parts={row.id: 100})
    paid = await receipt(west, "100.00", currency="USD")
    assert paid.allocated_minor == 0
    with pytest.raises(Invalid):
        await allocate_receipt(WANG.person, paid.id, "by_hand", {row.id: 100})


async def test_a_reversal_is_a_counter_row_once_and_both_stay_visible():
    east = await customer_of(LIN)
    order = await approved_order(east)
    paid = await receipt(east, "1,000.00")
    reversed_ = await reverse_receipt(WANG.person, paid.id, "支票退回")
    assert (reversed_.status, reversed_.reversed_on, reversed_.allocated_minor) == ("reversed", TODAY, 0)
    rows = await Allocation.filter(receipt_id=paid.id).order_by("id")
    assert [(row.amount_minor, row.reverses_id) for row in rows] == [(100_000, None), (100_000, rows[0].id)]
    (owed,) = await Receivable.filter(order_id=order.id)
    assert (owed.received_minor, owed.received_base_minor) == (0, 0)
    with pytest.raises(Conflict) as refused:
        await reverse_receipt(WANG.person, paid.id, "again")
    assert "Record a new one" in str(refused.value)


async def test_one_allocation_is_taken_back_once_and_the_money_is_credit_again():
    east = await customer_of(LIN)
    await approved_order(east)
    paid = await receipt(east, "300.00")
    (part,) = await parts_of(paid.id)
    after = await take_back_allocation(WANG.person, part.id)
    assert after.allocated_minor == 0
    with pytest.raises(Conflict):
        await take_back_allocation(WANG.person, part.id)
    counter = await Allocation.get(reverses_id=part.id)
    with pytest.raises(NotFound):
        await take_back_allocation(WANG.person, counter.id)


async def test_credit_notes_and_write_offs_lower_what_remains_and_are_countered():
    east = await customer_of(LIN)
    order = await approved_order(east)
    (row,) = await Receivable.filter(order_id=order.id)
    credit = {"kind": "credit", "amount": "200", "happened_on": "2026-11-20", "reason": "质量扣款"}
    note = await adjust(WANG.person, row.id, AdjustmentForm.model_validate(credit))
    await adjust(
        WANG.person, row.id, AdjustmentForm.model_validate({**credit, "kind": "write_off", "amount": "50"})
    )
    with pytest.raises(Conflict) as refused:
        await adjust(WANG.person, row.id, AdjustmentForm.model_validate({**credit, "amount": "750.01"}))
    assert "CNY 750.00 left" in str(refused.value)
    await reverse_adjustment(WANG.person, note.id, "误记")
    with pytest.raises(Conflict):
        await reverse_adjustment(WANG.person, note.id, "误记")
    row = await Receivable.get(id=row.id)
    assert (row.credited_minor, row.written_off_minor) == (0, 5_000)
    with pytest.raises(NotAllowed):
        await adjust(LIN.person, row.id, AdjustmentForm.model_validate(credit))


async def test_the_same_amount_within_a_week_looks_alike():
    east = await customer_of(LIN)
    first = await receipt(east, "100.00", on="2026-11-14")
    assert (await look_alike(east.id, 10_000, "CNY", TODAY)).id == first.id
    assert await look_alike(east.id, 10_001, "CNY", TODAY) is None
    assert await look_alike(east.id, 10_000, "CNY", date(2026, 11, 22)) is None


async def test_a_later_payment_never_changes_an_earlier_answer():
    east = await customer_of(LIN)
    with in_the_name_of(LIN) as clock:
        clock.set("2026-10-01T04:00:00+00:00")
        order = await approved_order(east, happened_on="2026-10-01", payment_terms_days="10")
        clock.set("2026-10-20T04:00:00+00:00")
        await receipt(east, "400.00", on="2026-10-20")
        before = await totals(WANG.person, Filter(date(2026, 10, 20)))
        clock.set("2026-11-05T04:00:00+00:00")
        paid = await receipt(east, "800.00", on="2026-11-05")
        clock.set("2026-11-20T04:00:00+00:00")
        await reverse_receipt(WANG.person, paid.id, "退回")
        await cancel_order(MANAGER.person, order.id, CancelForm(reason="撤单"))
        as_of = {
            day: await totals(WANG.person, Filter(day))
            for day in (date(2026, 9, 30), date(2026, 10, 1), date(2026, 10, 20), date(2026, 11, 5), TODAY)
        }
    assert as_of[date(2026, 10, 20)] == before
    assert [
        (day.day, sums.due, sums.received, sums.remaining, sums.overdue) for day, sums in as_of.items()
    ] == [
        (30, 0, 0, 0, 0),
        (1, 100_000, 0, 100_000, 0),
        (20, 100_000, 40_000, 60_000, 60_000),
        (5, 100_000, 100_000, 0, 0),
        (20, 0, 0, 0, 0),
    ]
    assert as_of[date(2026, 10, 20)].buckets["1-30"] == 60_000
    assert as_of[date(2026, 11, 5)].unallocated == 20_000
    assert as_of[TODAY].unallocated == 40_000


@pytest.mark.parametrize("rate", [7_123_456_789, 333_333_333])
async def test_in_a_foreign_currency_the_books_close_to_the_last_fen(rate):
    east = await customer_of(LIN, currency="USD")
    await ExchangeRate.create(
        branch="COMPANY", currency="USD", to_currency="CNY", happened_on=TODAY, rate_e9=rate
    )
    order = await approved_order(east, price="100.01", parts=[{"share": "33.33"}, {"share": "66.67"}])
    for amount in ("0.01", "33.32", "50.00", "16.68"):
        await receipt(east, amount)
    rows = await Receivable.filter(order_id=order.id)
    assert sum(row.base_minor for row in rows) == order.base_minor
    assert all(row.received_minor == row.amount_minor for row in rows)
    assert all(row.received_base_minor == row.base_minor for row in rows)
    assert sum(row.base_minor for row in await Allocation.all()) == order.base_minor


moves = st.lists(
    st.tuples(
        st.sampled_from(["pay", "reverse", "take_back", "credit", "write_off", "counter"]),
        st.integers(1, 90_000),
    ),
    min_size=1,
    max_size=10,
)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(moves)
async def test_whatever_happens_every_row_adds_up(steps):
    east = await customer_of(LIN)
    await approved_order(east, price="700.00", parts=[{"share": "30"}, {"share": "70", "days": "30"}])
    for move, amount in steps:
        try:
            await play(move, amount, east)
        except Refused:
            pass
    for row in await Receivable.filter(customer_id=east.id):
        assert row.amount_minor >= row.received_minor + row.credited_minor + row.written_off_minor >= 0
        assert row.received_minor == await net(Allocation, receivable_id=row.id)
        assert row.credited_minor == await net(Adjustment, receivable_id=row.id, kind="credit")
        assert row.written_off_minor == await net(Adjustment, receivable_id=row.id, kind="write_off")
    for paid in await Receipt.filter(customer_id=east.id):
        assert 0 <= paid.allocated_minor <= paid.amount_minor
        assert paid.allocated_minor == await net(Allocation, receipt_id=paid.id)
    sums = await totals(WANG.person, Filter(TODAY, customer_id=east.id))
    assert sums.gap == 0
    assert sums.due == sums.received + sums.remaining + sums.credited + sums.written_off == 70_000


async def play(move: str, amount: int, customer) -> None:
    """One step of the story above, on whatever rows there are."""
    live = await Receipt.filter(customer_id=customer.id, status="posted").order_by("id")
    entries = await Allocation.filter(customer_id=customer.id, reverses_id=None).order_by("id")
    notes = await Adjustment.filter(customer_id=customer.id, reverses_id=None).order_by("id")
    row = (await Receivable.filter(customer_id=customer.id).order_by("id"))[amount % 2]
    if move == "pay":
        await receipt(customer, f"{amount // 100}.{amount % 100:02d}")
    elif move == "reverse" and live:
        await reverse_receipt(WANG.person, live[amount % len(live)].id, "back")
    elif move == "take_back" and entries:
        await take_back_allocation(WANG.person, entries[amount % len(entries)].id)
    elif move in ("credit", "write_off"):
        form = {
            "kind": move,
            "amount": f"{amount // 100}.{amount % 100:02d}",
            "happened_on": "2026-11-20",
            "reason": "why",
        }
        await adjust(WANG.person, row.id, AdjustmentForm.model_validate(form))
    elif move == "counter" and notes:
        await reverse_adjustment(WANG.person, notes[amount % len(notes)].id, "back")


async def net(model, **filters) -> int:
    """The sum of live rows less their counter rows."""
    rows = await model.filter(**filters)
    return sum(row.amount_minor if row.reverses_id is None else -row.amount_minor for row in rows)


tries = st.lists(
    st.tuples(st.sampled_from(["allocate", "take_back", "reverse"]), st.integers(0, 3), st.integers(0, 3)),
    min_size=2,
    max_size=8,
)


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(tries)
async def test_whatever_is_tried_an_allocation_has_the_customer_and_currency_of_both_sides(steps):
    """Two customers with an order and a receipt each in two currencies; money of any is tried on the orders of all."""
    await ExchangeRate.get_or_create(
        branch="COMPANY",
        currency="USD",
        to_currency="CNY",
        happened_on=TODAY,
        defaults={"rate_e9": 7_000_000_000},
    )
    people = [await customer_of(LIN), await customer_of(LIN, "西部机械")]
    pairs = [(customer, currency) for customer in people for currency in ("CNY", "USD")]
    orders = [await approved_order(customer, currency=currency) for customer, currency in pairs]
    rows = [await Receivable.get(order_id=order.id) for order in orders]
    money = [await receipt(one, "600.00", currency=currency, mode="none") for one, currency in pairs]
    for step, from_, to in [("allocate", 0, 0), *steps]:
        mine = Allocation.filter(receipt_id=money[from_].id, reverses_id=None).order_by("id")
        try:
            if step == "allocate":
                await allocate_receipt(WANG.person, money[from_].id, "by_hand", {rows[to].id: 20_000})
                assert from_ == to
            elif step == "reverse":
                await reverse_receipt(WANG.person, money[from_].id, "back")
            elif (entry := await mine.first()) is not None:
                await take_back_allocation(WANG.person, entry.id)
        except Refused:
            pass
    sides = {one.id: one for one in [*money, *rows]}
    entries = await Allocation.filter(receipt_id__in=[one.id for one in money])
    for entry in entries:
        both = [sides[entry.receipt_id], sides[entry.receivable_id]]
        assert {(one.customer_id, one.currency) for one in both} == {(entry.customer_id, entry.currency)}
    originals = {one.id: one for one in entries if one.reverses_id is None}
    counters = [one for one in entries if one.reverses_id is not None]
    assert len({one.reverses_id for one in counters}) == len(counters)
    for one in counters:
        original = originals[one.reverses_id]
        assert (one.amount_minor, one.base_minor, one.receipt_id, one.receivable_id) == (
            original.amount_minor, original.base_minor, original.receipt_id, original.receivable_id,
        )  # fmt: skip


# --- races ------------------------------------------------------------------------------------------------------


async def both(branch: Database, *works) -> list[object]:
    """Run each piece of work at the same time on a connection of its own; results and exceptions."""

    async def run(work):
        async with open_database(branch.url, branch.apps):
            with at_home(SH):
                return await work()

    return await asyncio.gather(*(run(work) for work in works), return_exceptions=True)


def refusals(found: list[object]) -> list[Refused]:
    """The refusals among results; anything else that was raised is raised again."""
    for one in found:
        if isinstance(one, BaseException) and not isinstance(one, Refused):
            raise one
    return [one for one in found if isinstance(one, Refused)]


async def test_two_receipts_at_once_never_over_allocate_an_instalment(branch: Database):
    east = await customer_of(LIN)
    order = await approved_order(east)
    (row,) = await Receivable.filter(order_id=order.id)

    def pay():
        return receipt(east, "700.00", mode="by_hand", parts={row.id: 70_000})

    lost = refusals(await both(branch, pay, pay))
    assert [type(one) for one in lost] in ([Conflict], [Invalid])
    assert lost[0].code == "amount.too_much"
    assert (await Receivable.get(id=row.id)).received_minor == 70_000
    assert await Receipt.all().count() == 1


async def test_two_credits_allocated_at_once_never_over_allocate_an_instalment(branch: Database):
    east = await customer_of(LIN)
    order = await approved_order(east)
    (row,) = await Receivable.filter(order_id=order.id)
    credits = [await receipt(east, "700.00", mode="none") for _ in range(2)]

    def pay(receipt_id: UUID):
        return lambda: allocate_receipt(WANG.person, receipt_id, "by_hand", {row.id: 70_000})

    lost = refusals(await both(branch, pay(credits[0].id), pay(credits[1].id)))
    assert [one.code for one in lost] == ["amount.too_much"]
    assert (
        (await Receivable.get(id=row.id)).received_minor
        == 70_000
        == await net(Allocation, receivable_id=row.id)
    )


async def test_one_receipt_allocated_twice_at_once_is_never_used_up_twice(branch: Database):
    east = await customer_of(LIN)
    first, second = await approved_order(east), await approved_order(east)
    paid = await receipt(east, "1,000.00", mode="none")
    ids = [(await Receivable.get(order_id=order.id)).id for order in (first, second)]

    def pay(receivable_id: UUID):
        return lambda: allocate_receipt(WANG.person, paid.id, "by_hand", {receivable_id: 80_000})

    assert len(refusals(await both(branch, pay(ids[0]), pay(ids[1])))) == 1
    assert (await Receipt.get(id=paid.id)).allocated_minor == 80_000
    assert await net(Allocation, receipt_id=paid.id) == 80_000


async def test_a_receipt_reversed_twice_at_once_is_reversed_once(branch: Database):
    east = await customer_of(LIN)
    order = await approved_order(east)
    paid = await receipt(east, "1,000.00")

    def reverse():
        return reverse_receipt(WANG.person, paid.id, "back")

    assert [type(one) for one in refusals(await both(branch, reverse, reverse))] == [Conflict]
    assert (await Receivable.get(order_id=order.id)).received_minor == 0
    assert await Allocation.filter(receipt_id=paid.id).count() == 2


async def test_two_approvers_at_once_approve_once(branch: Database):
    order = await draft_order(await customer_of(LIN))
    request = await submit_order(LIN.person, order.id)

    def approve(person):
        return lambda: decide(person, request.id, "approve", "")

    lost = refusals(await both(branch, approve(SUN.person), approve(MANAGER.person)))
    assert [type(one) for one in lost] == [Conflict]
    assert await Receivable.filter(order_id=order.id).count() == 1
    assert (await Order.get(id=order.id)).status == "approved"


async def test_approval_and_refusal_at_once_end_in_one_of_them(branch: Database):
    order = await draft_order(await customer_of(LIN))
    request = await submit_order(LIN.person, order.id)
    found = await both(
        branch,
        lambda: decide(SUN.person, request.id, "approve", ""),
        lambda: decide(MANAGER.person, request.id, "reject", "too low"),
    )
    assert len(refusals(found)) == 1
    status = (await Order.get(id=order.id)).status
    assert await Receivable.filter(order_id=order.id).count() == (1 if status == "approved" else 0)


async def test_a_quote_accepted_twice_at_once_becomes_one_order(branch: Database):
    east = await customer_of(LIN)
    form = order_form(east).model_dump(include={"customer_id", "currency", "happened_on", "lines"})
    with as_actor(LIN.id):
        quote = await enter_quotation(LIN.person, QuotationForm.model_validate(form))
        await send_quotation(LIN.person, quote.id)

    def accept():
        return accept_quotation(LIN.person, quote.id)

    one, other = await both(branch, accept, accept)
    assert one.id == other.id
    assert await Order.all().count() == 1


async def test_paying_and_cancelling_at_once_leave_nothing_hanging(branch: Database):
    east = await customer_of(LIN)
    order = await approved_order(east)
    found = await both(
        branch,
        lambda: receipt(east, "1,000.00"),
        lambda: cancel_order(MANAGER.person, order.id, CancelForm(reason="撤单")),
    )
    refusals(found)
    row = await Receivable.get(order_id=order.id)
    if row.cancelled_on is not None:
        assert row.received_minor == 0
    assert row.received_minor == await net(Allocation, receivable_id=row.id)
    check = await fetch_one("SELECT count(*) AS n FROM receipt WHERE allocated_minor > amount_minor")
    assert check["n"] == 0
