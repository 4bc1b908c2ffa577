"""Order arithmetic, instalments, the life of an order: what must hold for every document."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branch_node.orders.rules import (
    ORDER,
    Line,
    StepFact,
    check_plan,
    discount_of,
    document_hash,
    effective_discount,
    instalments,
    is_late,
    net_price,
    net_shares,
    step_states,
    totals,
)
from branch_node.quotations.rules import QUOTATION, require_valid
from shared.errors import Conflict, Invalid

TODAY = date(2026, 11, 20)

lines = st.lists(
    st.builds(
        lambda quantity, price, bp: Line(quantity, price, net_price(price, bp)),
        st.integers(1, 5_000_000),
        st.integers(0, 10_000_000),
        st.integers(0, 10_000),
    ),
    min_size=1,
    max_size=12,
)
plans = st.lists(st.integers(1, 5_000), min_size=1, max_size=8).map(
    lambda weights: [
        {"share_bp": share, "days": 30 * place} for place, share in enumerate(_shares(weights)) if share
    ]
)


def _shares(weights: list[int]) -> list[int]:
    from shared.money import split

    return split(10_000, weights)


def test_the_order_of_the_design_comes_out_to_the_cent():
    line = Line(10_000, 120_000, net_price(120_000, 1_200))
    found = totals([line], discount_bp=200, tax_bp=1_300)
    assert (line.amount_minor, found.subtotal_minor) == (1_056_000, 1_056_000)
    assert (found.discount_minor, found.tax_minor, found.total_minor) == (21_120, 134_534, 1_169_414)
    assert found.effective_discount_bp == 1_376
    parts = instalments(
        found.total_minor,
        found.total_minor,
        [{"share_bp": 3_000, "days": 0}, {"share_bp": 7_000, "days": 30}],
        TODAY,
        30,
    )
    assert [(part.amount_minor, part.due_on) for part in parts] == [
        (350_824, TODAY),
        (818_590, date(2026, 12, 20)),
    ]


@given(lines, st.integers(0, 10_000), st.integers(0, 3_000))
def test_lines_less_header_discount_plus_tax_is_the_total_exactly(rows, discount_bp, tax_bp):
    found = totals(rows, discount_bp=discount_bp, tax_bp=tax_bp)
    assert found.subtotal_minor == sum(row.amount_minor for row in rows)
    assert found.subtotal_minor - found.discount_minor + found.tax_minor == found.total_minor
    shares = net_shares([row.amount_minor for row in rows], found.discount_minor)
    assert sum(shares) == found.net_minor
    assert all(0 <= share <= row.amount_minor for share, row in zip(shares, rows, strict=True))


@given(st.integers(1, 10**12), st.integers(0, 10**12), st.integers(0, 10_000))
def test_a_discount_is_above_a_limit_exactly_when_the_money_says_so(at_list, net, limit_bp):
    above = effective_discount(at_list, net) > limit_bp
    assert above == ((at_list - net) * 10_000 > limit_bp * at_list)


@given(lines, st.integers(1, 9_999))
def test_a_header_discount_counts_towards_the_effective_discount(rows, header_bp):
    with_header = totals(rows, discount_bp=header_bp).effective_discount_bp
    assert with_header >= totals(rows).effective_discount_bp


def test_a_header_discount_above_the_lines_is_refused():
    with pytest.raises(Invalid) as refused:
        totals([Line(1_000, 100, 100)], discount_minor=101)
    assert refused.value.code == "discount.too_much"


@given(st.integers(0, 10_000_000), st.integers(0, 10_000))
def test_a_price_made_by_a_discount_shows_a_discount_that_makes_it_again(price, discount_bp):
    net = net_price(price, discount_bp)
    found = discount_of(price, net)
    assert found is not None or price < 10_000
    if found is not None:
        assert net_price(price, found) == net


@given(st.integers(1, 10**12), st.integers(0, 10**12), plans)
def test_instalments_add_up_to_the_order_in_both_currencies(total, base, plan):
    check_plan(plan, total, "CNY")
    parts = instalments(total, base, plan, TODAY, 30)
    assert sum(part.amount_minor for part in parts) == total
    assert sum(part.base_minor for part in parts) == base
    assert all(part.amount_minor > 0 and part.base_minor >= 0 for part in parts)
    assert [part.position for part in parts] == list(range(1, len(parts) + 1))
    assert [part.due_on for part in parts] == sorted(part.due_on for part in parts)


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        ([{"share_bp": 3_000, "days": 0}], "make 30%% of the order"),
        ([{"amount_minor": 999, "days": 0}], "Change one of them"),
        ([{"share_bp": 5_000, "days": 0}, {"amount_minor": 500, "days": 0}], "not both"),
        ([{"share_bp": 10_000, "days": -1}], "after approval"),
        ([{"amount_minor": 0, "days": 0}, {"amount_minor": 1_000, "days": 0}], "more than 0"),
    ],
)
def test_a_plan_that_does_not_cover_the_order_is_refused_with_what_to_change(plan, sentence):
    with pytest.raises(Invalid) as refused:
        check_plan(plan, 1_000, "CNY")
    assert sentence.replace("%%", "%") in str(refused.value)
    assert "instalments" in refused.value.fields


def test_without_a_plan_everything_is_due_after_the_payment_terms():
    (part,) = instalments(1_000, 1_000, [], TODAY, 45)
    assert (part.amount_minor, part.due_on) == (1_000, date(2027, 1, 4))
    assert instalments(0, 0, [], TODAY, 45) == []


ALLOWED = {
    "draft": {"edit", "submit", "cancel"},
    "submitted": {"withdraw", "approve", "reject", "cancel"},
    "approved": {"edit", "start", "ship", "complete", "cancel"},
    "rejected": {"edit", "submit", "cancel"},
    "executing": {"start", "ship", "complete", "cancel"},
    "completed": set(),
    "cancelled": set(),
}


@given(st.sampled_from(sorted(ALLOWED)), st.sampled_from(sorted(ORDER.moves)))
def test_only_legal_moves_happen_and_a_refusal_says_what_can_be_done(status, move):
    if move in ALLOWED[status]:
        assert ORDER.target(move, status, "SO-88") in ALLOWED
        return
    with pytest.raises(Conflict) as refused:
        ORDER.target(move, status, "SO-88")
    assert "SO-88" in str(refused.value)
    assert str(refused.value).count(".") == 2


@given(st.lists(st.sampled_from(sorted(ORDER.moves)), max_size=12))
def test_no_sequence_of_moves_reaches_effect_without_an_approval(moves):
    status, approved = "draft", False
    for move in moves:
        try:
            status = ORDER.target(move, status, "SO-1")
        except Conflict:
            continue
        approved = move == "approve" or (approved and move not in ("edit", "withdraw", "reject"))
        assert status not in ("approved", "executing", "completed") or approved


def test_a_quote_is_accepted_only_while_it_was_sent_and_holds():
    assert QUOTATION.target("accept", "sent", "Q-1") == "accepted"
    for status in ("draft", "rejected", "expired", "superseded", "accepted"):
        with pytest.raises(Conflict):
            QUOTATION.target("accept", status, "Q-1")
    require_valid("Q-1", TODAY, TODAY)
    with pytest.raises(Conflict) as refused:
        require_valid("Q-1", date(2026, 11, 19), TODAY)
    assert refused.value.code == "quotation.expired"


def test_every_term_an_approver_agrees_to_changes_the_hash_and_nothing_else_does():
    document = {"customer_id": "c", "currency": "CNY", "discount_bp": 0, "total_minor": 5, "notes": "a"}
    line = {"product_id": None, "product_code": "", "text": "x", "quantity_milli": 1, "list_price_minor": 5, "price_minor": 5, "amount_minor": 5}  # fmt: skip
    before = document_hash(document, [line])
    assert document_hash({**document, "notes": "b"}, [line]) == before
    assert document_hash({**document, "discount_bp": 1}, [line]) != before
    assert document_hash(document, [{**line, "quantity_milli": 2}]) != before
    assert document_hash(document, [line, line]) != before


def test_steps_become_ready_one_after_the_other_and_money_holds_up_no_goods():
    steps = [StepFact("collect", "pending"), StepFact("manual", "done"), StepFact("ship", "pending"), StepFact("manual", "pending")]  # fmt: skip
    assert step_states(steps) == ["ready", "done", "ready", "pending"]
    assert is_late(StepFact("ship", "ready", date(2026, 11, 19)), TODAY)
    assert not is_late(StepFact("ship", "done", date(2026, 11, 19)), TODAY)
    assert not is_late(StepFact("ship", "ready", TODAY), TODAY)
