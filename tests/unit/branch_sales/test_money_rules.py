"""What receipts pay and instalments owe, month results: identities that hold for every amount."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branch_node.expenses.rules import EXPENSE
from branch_node.income.rules import Sums, by_unit, result
from branch_node.products.rules import DatedPrice, list_price
from branch_node.receipts.rules import (
    OpenItem,
    check,
    propose,
    propose_exact,
    propose_oldest,
    require_right,
)
from branch_node.receivables.rules import Standing, base_share, days_late, require_room, state_of
from shared.errors import Conflict, Invalid
from shared.figures import ageing_of

TODAY = date(2026, 11, 20)

items = st.lists(
    st.tuples(st.integers(1, 4), st.integers(-100, 100), st.integers(1, 10**7)), max_size=10
).map(
    lambda rows: [
        OpenItem(
            UUID(int=place + 1),
            UUID(int=order),
            f"SO-{order}/{place}",
            TODAY + timedelta(days=late),
            left,
            place,
        )
        for place, (order, late, left) in enumerate(rows)
    ]
)


@given(st.integers(1, 10**8), items, st.sampled_from(["oldest", "exact", "by_hand", "none"]))
def test_a_proposal_never_takes_more_than_the_receipt_or_an_instalment_has(amount, open_items, mode):
    found = propose(mode, amount, open_items)
    left = {item.receivable_id: item.remaining_minor for item in open_items}
    assert sum(found.values()) <= amount
    assert all(0 < part <= left[key] for key, part in found.items())
    assert check(amount, "CNY", found, open_items).is_right


@given(st.integers(1, 10**8), items)
def test_oldest_first_leaves_nothing_open_before_what_it_pays(amount, open_items):
    found = propose_oldest(amount, open_items)
    assert sum(found.values()) == min(amount, sum(item.remaining_minor for item in open_items))
    unpaid = [item for item in open_items if found.get(item.receivable_id, 0) < item.remaining_minor]
    paid_days = [item.due_on for item in open_items if item.receivable_id in found]
    if paid_days and unpaid:
        assert all(item.due_on >= max(paid_days) for item in unpaid)


@given(st.integers(1, 10**8), items)
def test_an_exact_match_pays_the_whole_receipt_for_one_order_or_nothing(amount, open_items):
    found = propose_exact(amount, open_items)
    if found:
        assert sum(found.values()) == amount
        assert len({item.order_id for item in open_items if item.receivable_id in found}) == 1


def test_two_possible_matches_are_left_to_a_person():
    one = OpenItem(UUID(int=1), UUID(int=7), "SO-7/1", TODAY, 500)
    other = OpenItem(UUID(int=2), UUID(int=8), "SO-8/1", TODAY, 500)
    assert propose_exact(500, [one]) == {one.receivable_id: 500}
    assert propose_exact(500, [one, other]) == {}
    assert propose_exact(1_000, [one, OpenItem(UUID(int=3), UUID(int=7), "SO-7/2", TODAY, 500)]) == {
        UUID(int=1): 500,
        UUID(int=3): 500,
    }


def test_too_much_by_five_fen_is_said_in_these_words():
    item = OpenItem(UUID(int=1), UUID(int=7), "SO-7/1", TODAY, 1_000)
    found = check(995, "CNY", {item.receivable_id: 1_000}, [item])
    assert found.unallocated_minor == -5
    with pytest.raises(Invalid) as refused:
        require_right(found)
    assert str(refused.value).startswith("Allocated CNY 0.05 more than the receipt.")


@given(
    amount=st.integers(1, 10**9),
    rate=st.integers(1, 50_000),
    parts=st.lists(st.tuples(st.sampled_from(["received", "credited", "written_off"]), st.integers(1, 10**9)), max_size=12),
)  # fmt: skip
def test_base_amounts_of_all_entries_add_up_to_the_instalments(amount, rate, parts):
    base = amount * rate // 1_000
    standing = Standing(UUID(int=1), "SO-1/1", "USD", amount, base)
    taken = 0
    for kind, wish in [*parts, ("received", amount)]:
        part = min(wish, standing.remaining_minor)
        if part == 0:
            continue
        share = base_share(standing, part)
        assert 0 <= share <= standing.remaining_base_minor
        taken += share
        sums = dict(standing.__dict__)
        sums[f"{kind}_minor"] += part
        sums[f"{kind}_base_minor"] += share
        standing = Standing(**sums)
        assert 0 <= standing.remaining_minor <= amount
        assert amount == (
            standing.received_minor
            + standing.remaining_minor
            + standing.credited_minor
            + standing.written_off_minor
        )
    assert standing.remaining_minor == 0
    assert (standing.remaining_base_minor, taken) == (0, base)


def test_an_instalment_refuses_more_than_it_has_other_currencies_and_cancelled_orders():
    standing = Standing(UUID(int=1), "SO-88/2", "CNY", 1_000, 1_000, received_minor=400)
    require_room(standing, 600, "CNY")
    for amount, currency, error in ((601, "CNY", Conflict), (1, "USD", Invalid), (0, "CNY", Invalid)):
        with pytest.raises(error):
            require_room(standing, amount, currency)
    with pytest.raises(Conflict) as refused:
        require_room(standing, 605, "CNY")
    assert str(refused.value) == "SO-88/2 has CNY 6.00 left; this is CNY 0.05 too much. Lower the amount."
    with pytest.raises(Conflict):
        require_room(Standing(UUID(int=1), "SO-88/2", "CNY", 5, 5, is_cancelled=True), 1, "CNY")


def test_the_state_of_an_instalment_follows_the_day():
    open_item = Standing(UUID(int=1), "SO-1/1", "CNY", 100, 100)
    assert state_of(open_item, TODAY, TODAY) == "open"
    assert state_of(open_item, TODAY - timedelta(days=1), TODAY) == "overdue"
    assert days_late(TODAY - timedelta(days=3), TODAY) == 3
    assert state_of(Standing(UUID(int=1), "x", "CNY", 5, 5, received_minor=5), TODAY, TODAY) == "settled"


@given(st.lists(st.tuples(st.integers(-400, 400), st.integers(0, 10**9)), max_size=30))
def test_the_buckets_of_an_ageing_always_add_up_to_what_remains(rows):
    found = ageing_of([(TODAY + timedelta(days=late), left) for late, left in rows], TODAY)
    assert found.total == sum(left for _late, left in rows)


@given(
    st.sampled_from(["approval", "shipment", "receipt"]),
    st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.sampled_from(["ordered", "cancelled", "shipped", "receipts", "expense"]), st.integers(-10**9, 10**9)), max_size=30),
)  # fmt: skip
def test_profit_is_income_less_expense_for_each_department_and_their_sum_is_the_branch(rule, rows):
    entries = [{"department": unit, "measure": measure, "base": base} for unit, measure, base in rows]
    units = by_unit(entries, "department")
    whole = result(rule, sum(units.values(), Sums()))
    parts = [result(rule, sums) for sums in units.values()]
    assert all(part.profit_minor == part.income_minor - part.expense_minor for part in (*parts, whole))
    assert whole.profit_minor == sum(part.profit_minor for part in parts)
    assert whole.income_minor == sum(part.income_minor for part in parts)


def test_an_expense_is_paid_only_after_approval():
    assert EXPENSE.target("pay", "approved", "E-1") == "paid"
    for status in ("draft", "submitted", "rejected", "paid"):
        with pytest.raises(Conflict):
            EXPENSE.target("pay", status, "E-1")


def test_the_latest_dated_price_holds_and_no_currency_is_converted():
    prices = [
        DatedPrice("CNY", 110, date(2026, 1, 1)),
        DatedPrice("CNY", 120, date(2026, 6, 1), date(2026, 6, 30)),
        DatedPrice("USD", 17, date(2026, 1, 1)),
    ]
    assert list_price("CNY", 100, prices, "CNY", date(2025, 12, 31)) == 100
    assert list_price("CNY", 100, prices, "CNY", date(2026, 6, 30)) == 120
    assert list_price("CNY", 100, prices, "CNY", date(2026, 7, 1)) == 110
    assert list_price("CNY", 100, prices, "USD", date(2026, 7, 1)) == 17
    assert list_price("CNY", 100, prices, "EUR", date(2026, 7, 1)) is None
