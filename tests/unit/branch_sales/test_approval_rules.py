"""Who may approve: never the author, deputies only in their days, discounts only within a limit, credit with its reason."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branch_node.approvals.rules import (
    Approver,
    CreditStanding,
    Deputy,
    above_texts,
    judge,
    needed_limit,
    reasons,
    require_no_hold,
    require_reason,
)
from shared.errors import Conflict, Invalid, NotAllowed
from tests.support.cast import LIN, MANAGER, SUN, TODAY, ZHOU

APPROVERS = [Approver(SUN.id, SUN.name, 2_000), Approver(MANAGER.id, MANAGER.name, 3_000)]


def deputy(of: UUID, who: UUID, first: date = TODAY, last: date = TODAY) -> Deputy:
    return Deputy(of, who, first, last)


def test_the_manager_approves_within_the_limit():
    decision = judge(SUN.id, {LIN.id}, 1_380, APPROVERS, [], TODAY)
    assert (decision.approver.name, decision.acted_for) == (SUN.name, None)


def test_the_author_never_approves_and_is_told_who_can():
    with pytest.raises(NotAllowed) as refused:
        judge(SUN.id, {SUN.id}, 0, APPROVERS, [], TODAY)
    assert refused.value.code == "approval.own"
    assert MANAGER.name in str(refused.value)


def test_the_author_does_not_approve_as_somebodys_deputy():
    with pytest.raises(NotAllowed) as refused:
        judge(LIN.id, {LIN.id}, 0, APPROVERS, [deputy(SUN.id, LIN.id)], TODAY)
    assert refused.value.code == "approval.own"


def test_nobody_approves_in_the_authors_place():
    with pytest.raises(NotAllowed):
        judge(ZHOU.id, {SUN.id}, 0, APPROVERS, [deputy(SUN.id, ZHOU.id)], TODAY)


def test_a_deputy_approves_within_the_days_and_with_the_limit_of_the_one_away():
    days = [deputy(SUN.id, ZHOU.id, TODAY - timedelta(days=2), TODAY)]
    decision = judge(ZHOU.id, {LIN.id}, 2_000, APPROVERS, days, TODAY)
    assert decision.acted_for == SUN.id
    with pytest.raises(NotAllowed):
        judge(ZHOU.id, {LIN.id}, 2_000, APPROVERS, days, TODAY + timedelta(days=1))
    with pytest.raises(NotAllowed) as refused:
        judge(ZHOU.id, {LIN.id}, 2_001, APPROVERS, days, TODAY)
    assert refused.value.code == "discount.above_limit"


def test_a_discount_above_the_limit_names_the_one_whose_limit_covers_it():
    with pytest.raises(NotAllowed) as refused:
        judge(SUN.id, {LIN.id}, 2_501, APPROVERS, [], TODAY)
    assert "25.0%" in str(refused.value)
    assert f"{MANAGER.name} (30.0%)" in str(refused.value)
    with pytest.raises(NotAllowed) as refused:
        judge(MANAGER.id, {LIN.id}, 3_001, APPROVERS, [], TODAY)
    assert "raise a limit" in str(refused.value)


people = st.integers(1, 6).map(lambda number: UUID(int=number))


@given(
    decider=people,
    authors=st.sets(people, min_size=1, max_size=2),
    needed=st.integers(0, 4_000),
    limits=st.dictionaries(people, st.integers(0, 4_000), max_size=4),
    rows=st.lists(st.tuples(people, people, st.integers(-3, 3), st.integers(0, 3)), max_size=6),
)
def test_whatever_the_deputies_no_decision_breaks_a_rule(decider, authors, needed, limits, rows):
    approvers = [Approver(key, str(key), limit) for key, limit in limits.items()]
    deputies = [
        Deputy(of, who, TODAY + timedelta(days=first), TODAY + timedelta(days=first + length))
        for of, who, first, length in rows
    ]
    try:
        decision = judge(decider, authors, needed, approvers, deputies, TODAY)
    except NotAllowed:
        return
    assert decider not in authors
    assert decision.acted_for not in authors
    assert decision.approver.limit_bp >= needed
    if decision.acted_for is None:
        assert decider in limits
    else:
        assert any(
            row.employee_id == decision.acted_for and row.deputy_id == decider and row.holds(TODAY)
            for row in deputies
        )


@given(
    limit=st.none() | st.integers(0, 10**9),
    remaining=st.integers(0, 10**9),
    order=st.integers(0, 10**9),
)
def test_credit_is_asked_exactly_when_open_and_this_order_pass_the_limit(limit, remaining, order):
    credit = CreditStanding(limit, remaining, 0, order)
    found = reasons(effective_bp=0, author_limit_bp=0, credit=credit)
    assert bool(found) == (limit is not None and remaining + order > limit)


def test_an_approved_undelivered_order_counts_once():
    credit = CreditStanding(100_000, 80_000, 80_000, 10_000)
    assert credit.exposure_minor == 90_000
    assert credit.used_bp == 9_000
    assert not credit.is_over


def test_the_limit_an_approver_needs_is_the_whole_discount_only_when_it_is_above_the_authors():
    assert needed_limit(reasons(effective_bp=1_000, author_limit_bp=1_000)) == 0
    assert needed_limit(reasons(effective_bp=1_001, author_limit_bp=1_000)) == 1_001


def test_a_credit_hold_stops_approval_with_what_to_do():
    require_no_hold(CreditStanding(None, 0, 0, 1), "华东机电")
    with pytest.raises(Conflict) as refused:
        require_no_hold(CreditStanding(None, 0, 0, 1, has_hold=True), "华东机电")
    assert "Lift the hold" in str(refused.value)


def test_a_refusal_needs_a_reason():
    assert require_reason("  too low ") == "too low"
    with pytest.raises(Invalid):
        require_reason("  ")


def test_a_discount_just_above_a_limit_never_reads_as_the_limit():
    assert above_texts(1_376, 1_000) == ("13.8%", "10.0%")
    assert above_texts(1_001, 1_000) == ("10.01%", "10.00%")
