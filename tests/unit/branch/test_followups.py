"""Follow-ups: what was done, what is due, and the customer's dates that follow from it."""

from datetime import timedelta

import pytest

from branch_node.followups import actions, queries
from branch_node.followups.forms import ActivityForm, DoneForm, ListForm, PlanForm
from branch_node.lists import paging
from shared.database import Database
from shared.errors import Conflict, Invalid, NotFound
from shared.records import Activity, Customer
from tests.support.cast import LIN, SHANGHAI, SUN, TODAY, WANG, acting, customer_of, hire

TOMORROW = TODAY + timedelta(days=1)


async def due(person, *, only_overdue: bool = False) -> list[str]:
    found = await queries.due_page(
        person, ListForm(), paging({}, queries.DUE_SORTS, "due"), only_overdue=only_overdue
    )
    return [row.customer for row in found.rows]


async def test_a_contact_sets_the_customers_dates(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        row = await customer_of(LIN)
        await actions.record_activity(
            LIN.person, row, ActivityForm(customer_id=row.id, subject="问价", next_on=TOMORROW)
        )
        row = await Customer.get(id=row.id)
        assert (row.last_contact_on, row.next_contact_on) == (TODAY, TOMORROW)
        planned = await Activity.get(customer_id=row.id, status="planned")
        assert (planned.planned_on, planned.happened_on) == (TOMORROW, None)


async def test_an_older_contact_typed_later_does_not_set_the_date_back(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        row = await customer_of(LIN, last_contact_on=TODAY)
        earlier = TODAY - timedelta(days=9)
        await actions.record_activity(
            LIN.person, row, ActivityForm(customer_id=row.id, subject="补记", happened_on=earlier)
        )
        assert (await Customer.get(id=row.id)).last_contact_on == TODAY


async def test_the_planned_contact_once_made_settles_the_date(database: Database) -> None:
    with acting(LIN) as clock:
        await hire(*SHANGHAI)
        row = await customer_of(LIN)
        planned = await actions.plan_activity(
            LIN.person, row, PlanForm(customer_id=row.id, subject="回访", planned_on=TOMORROW)
        )
        assert (await Customer.get(id=row.id)).next_contact_on == TOMORROW
        clock.advance(days=3)
        assert await due(LIN.person, only_overdue=True) == [row.name]
        await actions.finish_activity(LIN.person, planned, DoneForm(outcome="interested"))
        assert await due(LIN.person) == []
        with pytest.raises(Conflict):
            await actions.finish_activity(LIN.person, planned, DoneForm())


async def test_a_cancelled_plan_leaves_the_next_one(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        row = await customer_of(LIN)
        one = await actions.plan_activity(
            LIN.person, row, PlanForm(customer_id=row.id, subject="一", planned_on=TOMORROW)
        )
        later = TODAY + timedelta(days=5)
        await actions.plan_activity(
            LIN.person, row, PlanForm(customer_id=row.id, subject="二", planned_on=later)
        )
        await actions.cancel_activity(LIN.person, one)
        assert (await Customer.get(id=row.id)).next_contact_on == later


async def test_days_that_cannot_be(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        row = await customer_of(LIN)
        for wrong in (
            {"happened_on": TOMORROW},
            {"next_on": TODAY - timedelta(days=1)},
        ):
            with pytest.raises(Invalid) as refused:
                await actions.record_activity(
                    LIN.person, row, ActivityForm(customer_id=row.id, subject="x", **wrong)
                )
            assert set(refused.value.fields) == set(wrong)


async def test_lists_stop_at_the_readers_reach(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        mine = await customer_of(LIN, "甲", next_contact_on=TODAY)
        other = await customer_of(SUN, "乙", next_contact_on=TODAY)
        await actions.record_activity(SUN.person, other, ActivityForm(customer_id=other.id, subject="谈价"))
        await actions.record_activity(LIN.person, mine, ActivityForm(customer_id=mine.id, subject="问价"))
        pages = paging({}, queries.DONE_SORTS, "-day")
        lins = await queries.done_page(LIN.person, ListForm(), pages)
        suns = await queries.done_page(SUN.person, ListForm(), pages)
        foreign = await Activity.get(subject="谈价")
        with pytest.raises(NotFound):
            await queries.activity_for(LIN.person, foreign.id)
    assert [row.subject for row in lins.rows] == ["问价"]
    assert {row.subject for row in suns.rows} == {"问价", "谈价"}


async def test_the_counts_are_those_of_the_lists(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        await customer_of(LIN, "甲", next_contact_on=TODAY)
        await customer_of(LIN, "乙", next_contact_on=TODAY - timedelta(days=4))
        await customer_of(LIN, "丙", next_contact_on=TODAY - timedelta(days=4), status="lost")
        await customer_of(WANG, "丁", next_contact_on=TODAY)
        found = await queries.counts(LIN.person, ListForm())
        overdue = await due(LIN.person, only_overdue=True)
        everything = await due(LIN.person)
    assert (found.overdue, found.due_today, found.planned) == (1, 1, 0)
    assert (overdue, everything) == (["乙"], ["乙", "甲"])


async def test_the_counts_on_the_tabs_are_of_what_the_filters_leave(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        east = await customer_of(LIN, "华东机电", next_contact_on=TODAY, search_key="华东机电")
        await customer_of(SUN, "华东电气", next_contact_on=TODAY - timedelta(days=4), search_key="华东电气")
        await customer_of(LIN, "西部重工", next_contact_on=TODAY)
        plan = PlanForm(customer_id=east.id, subject="回访", planned_on=TODAY + timedelta(days=3))
        await actions.plan_activity(LIN.person, east, plan)
        narrow = (ListForm(q="华东"), ListForm(q="华东", owner=SUN.person.id), ListForm(q="无此客户"))
        found = [await queries.counts(SUN.person, filters) for filters in narrow]
        planned = await queries.planned_page(
            SUN.person, narrow[0], paging({}, queries.PLANNED_SORTS, "planned")
        )
        overdue = await queries.due_page(
            SUN.person, narrow[0], paging({}, queries.DUE_SORTS, "due"), only_overdue=True
        )
    assert [(one.overdue, one.planned) for one in found] == [(1, 1), (1, 0), (0, 0)]
    assert (len(overdue.rows), len(planned.rows)) == (1, 1)
