"""Opportunities: stages and their probability, won, lost with a reason, the board's order, sums within reach."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branch_node.opportunities import actions, queries
from branch_node.opportunities.forms import ListForm, LostForm, OpportunityForm
from branch_node.opportunities.rules import (
    MOVES,
    OPEN_STAGES,
    STAGES,
    is_overdue,
    probability_in,
    weighted_minor,
)
from shared.database import Database, count_queries
from shared.errors import Conflict, Invalid, NotFound
from shared.records import Opportunity
from tests.support.cast import LIN, SHANGHAI, SUN, TODAY, WANG, ZHOU, acting, customer_of, hire


async def chance(title: str = "电机", member=LIN, **values) -> Opportunity:
    customer = await customer_of(member)
    form = OpportunityForm(customer_id=customer.id, title=title, **values)
    return await actions.enter(member.person, customer, form)


async def test_a_stage_brings_its_probability_unless_somebody_set_one(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        row = await chance(amount="96000")
        assert (row.amount_minor, row.base_minor, row.probability_percent) == (9_600_000, 9_600_000, 10)
        assert (await actions.move(LIN.person, row, "proposal")).probability_percent == 50
        own = await chance(probability_percent=33)
        assert (await actions.move(LIN.person, own, "negotiation")).probability_percent == 33


async def test_one_is_won_or_lost_once_and_says_why(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        row = await chance()
        with pytest.raises(Invalid) as refused:
            await actions.lose(LIN.person, row, LostForm(reason="competitor"))
        assert "competitor" in refused.value.fields
        lost = await actions.lose(LIN.person, row, LostForm(reason="competitor", competitor="恒达"))
        assert (lost.stage, lost.probability_percent, lost.closed_on, lost.competitor) == (
            "lost",
            0,
            TODAY,
            "恒达",
        )
        with pytest.raises(Conflict):
            await actions.win(LIN.person, row)
        again = await actions.reopen(LIN.person, row)
        assert (again.stage, again.closed_on, again.lost_reason) == ("negotiation", None, "")
        await actions.win(LIN.person, row)
        assert (await actions.win(LIN.person, row)).stage == "won"


async def test_the_board_keeps_the_order_that_people_gave(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        one, two, three = [await chance(name) for name in ("一", "二", "三")]
        await actions.move(LIN.person, three, "qualify", before=one.id)
        await actions.step(LIN.person, two, "up")
        board = await queries.board(LIN.person, ListForm())
        assert [row.title for row in board["qualify"]] == ["三", "二", "一"]
        await actions.move(LIN.person, one, "needs")
        await actions.move(LIN.person, three, "needs", before=one.id)
        board = await queries.board(LIN.person, ListForm())
        assert {stage: [row.title for row in rows] for stage, rows in board.items()} == {
            "qualify": ["二"], "needs": ["三", "一"],
        }  # fmt: skip


async def test_sums_lists_and_cards_hold_what_is_within_reach_and_no_more(database: Database) -> None:
    with acting(SUN):
        await hire(*SHANGHAI)
        mine = await chance(amount="100", member=LIN)
        foreign = await chance(
            amount="900", member=WANG.__class__(**{**ZHOU.__dict__, "role": "branch_manager"})
        )
        assert {
            name: one.base.minor for name, one in (await queries.sums(SUN.person, ListForm())).items()
        } == {"qualify": 10_000}
        counter = count_queries()
        board = await queries.board(SUN.person, ListForm())
        assert counter[0] == 1
        assert [row.id for row in board["qualify"]] == [mine.id]
        assert await queries.count(SUN.person, ListForm(q="hdjd")) == (0, True)
        with pytest.raises(NotFound):
            await queries.opportunity_for(SUN.person, foreign.id)


async def test_what_should_have_closed_is_found(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        late = await chance("晚", expected_on=TODAY - timedelta(days=1))
        await chance("早", expected_on=TODAY + timedelta(days=1))
        board = await queries.board(LIN.person, ListForm(overdue="1"))
        assert [row.id for rows in board.values() for row in rows] == [late.id]


async def test_an_order_wins_its_opportunity(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        row = await chance()
        await actions.won_by_order(row.id, TODAY)
        await actions.won_by_order(row.id, TODAY)
        await actions.won_by_order(None, TODAY)
        assert (await Opportunity.get(id=row.id)).stage == "won"


@given(st.sampled_from(OPEN_STAGES), st.sampled_from(list(STAGES)), st.integers(0, 100))
def test_probability_is_one_and_the_end_is_certain(before: str, stage: str, percent: int) -> None:
    found = probability_in(stage, before, percent)
    assert 0 <= found <= 100
    assert stage in OPEN_STAGES or found == STAGES[stage][1]


@given(st.integers(0, 10**14), st.integers(0, 100))
def test_weighted_lies_between_nothing_and_all(amount: int, percent: int) -> None:
    assert 0 <= weighted_minor(amount, percent) <= amount


def test_a_decided_one_only_reopens() -> None:
    assert MOVES.allowed("won") == MOVES.allowed("lost") == {"reopen"}
    assert not is_overdue("won", TODAY, TODAY + timedelta(days=9))
