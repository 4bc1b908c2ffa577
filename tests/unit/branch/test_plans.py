"""My day and the team: one plan per day, carried items keep their origin, planned = done + carried + cancelled."""

from datetime import date, timedelta

import pytest

from branch_node.followups.actions import record_activity
from branch_node.followups.forms import ActivityForm
from branch_node.plans import actions, queries, team_reads
from branch_node.plans.rules import completion_bp, read_line
from shared.database import Database, count_queries
from shared.errors import Conflict, Invalid, NotAllowed, NotFound
from shared.periods import Month
from shared.records import DailyPlan, Employee, PlanItem, Task
from tests.support.cast import LIN, SHANGHAI, SUN, TODAY, WANG, acting, customer_of, hire


async def type_line(text: str, member=LIN) -> PlanItem:
    line, customer = await queries.resolve_customer(member.person, read_line(text))
    return await actions.add_item(member.person, await Employee.get(id=member.id), line, customer_id=customer)


async def lin() -> Employee:
    return await Employee.get(id=LIN.id)


async def test_five_lines_make_one_plan(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        for number in range(5):
            await type_line(f"事项{number}")
        day = await queries.day_of(LIN.id, TODAY, is_own=True)
        assert await DailyPlan.all().count() == 1
    assert [item.text for item in day.items] == [f"事项{number}" for number in range(5)]
    assert (day.status, day.tally.planned) == ("draft", 5)


async def test_a_second_writer_finds_the_plan_that_is_there(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        one = await actions.open_plan(await lin(), TODAY)
        other = await actions.open_plan(await lin(), TODAY)
    assert one.id == other.id == actions.plan_id(LIN.id, TODAY)


async def test_the_customer_after_the_at_sign_is_found(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        east = await customer_of(LIN, "East Motors", search_key="eastmotors east motors")
        foreign = await customer_of(WANG, "West Motors", search_key="westmotors west motors")
        assert (await type_line("14:00 @East Motors send list #call")).customer_id == east.id
        item = await type_line("@west 开会")
        assert item.customer_id is None
        assert "@west" in item.text
    assert foreign.id != east.id


async def test_the_day_closes_balanced(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        items = [await type_line(f"事项{number}") for number in range(4)]
        await actions.submit_plan(LIN.person, await lin())
        await actions.finish_item(LIN.person, items[0], result="见面谈了")
        await actions.cancel_item(LIN.person, items[1])
        found = await actions.close_day(LIN.person, await lin(), "一切顺利")
        assert (found.planned, found.done, found.carried_over, found.cancelled) == (4, 1, 2, 1)
        assert found.is_balanced
        addition = await type_line("补充一条")
        assert addition.is_addition
        with pytest.raises(Conflict):
            await actions.close_day(LIN.person, await lin(), "")
        with pytest.raises(Conflict) as refused:
            await actions.reopen_item(LIN.person, await PlanItem.get(id=items[0].id))
        assert refused.value.code == "plan.closed"


async def test_a_line_deleted_from_a_draft_is_gone_from_a_submitted_plan_it_is_cancelled(
    database: Database,
) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        one, other = await type_line("甲"), await type_line("乙")
        await actions.cancel_item(LIN.person, one)
        await actions.submit_plan(LIN.person, await lin())
        await actions.cancel_item(LIN.person, other)
        day = await queries.day_of(LIN.id, TODAY, is_own=True)
    assert [(item.text, item.status) for item in day.items] == [("乙", "cancelled")]


async def test_carried_items_keep_their_origin_over_days(database: Database) -> None:
    with acting(LIN) as clock:
        await hire(*SHANGHAI)
        first = await type_line("送样品")
        for carried in (1, 2):
            await actions.close_day(LIN.person, await lin(), "")
            clock.advance(days=1)
            waiting = (await queries.day_of(LIN.id, TODAY + timedelta(days=carried), is_own=True)).waiting
            assert [item.carried_count for item in waiting] == [carried - 1]
            item = await queries.item_for(LIN.person, waiting[0].id)
            taken = await actions.take_up(LIN.person, await lin(), item, keep=True)
            assert (taken.origin_id, taken.carried_count) == (first.id, carried)
            again = await actions.take_up(LIN.person, await lin(), item, keep=True)
            assert again.id == taken.id
        left = (await queries.day_of(LIN.id, TODAY + timedelta(days=2), is_own=True)).waiting
    assert left == []


async def test_a_dropped_item_is_cancelled_where_it_landed(database: Database) -> None:
    with acting(LIN) as clock:
        await hire(*SHANGHAI)
        item = await type_line("送样品")
        clock.advance(days=1)
        dropped = await actions.take_up(LIN.person, await lin(), item, keep=False)
        old = await PlanItem.get(id=item.id)
    assert (old.status, dropped.status, dropped.origin_id) == ("carried_over", "cancelled", item.id)


async def test_a_forgotten_day_is_closed_by_the_clock(database: Database) -> None:
    with acting(LIN) as clock:
        await hire(*SHANGHAI)
        await type_line("送样品")
        assert await actions.close_past_plans() == 0
        clock.advance(days=1)
        assert await actions.close_past_plans() == 1
        assert await actions.close_past_plans() == 0
        day = await queries.day_of(LIN.id, TODAY, is_own=False)
    assert (day.status, day.tally.is_balanced, day.tally.carried_over) == ("closed", True, 1)


async def test_what_was_recorded_is_offered_as_proof(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        east = await customer_of(LIN, "East Motors", search_key="eastmotors east motors")
        await type_line("#call @East Motors")
        await record_activity(
            LIN.person, east, ActivityForm(customer_id=east.id, kind="call", subject="问价")
        )
        day = await queries.day_of(LIN.id, TODAY, is_own=True)
        found = day.items[0].found
        assert found is not None
        item = await queries.item_for(LIN.person, day.items[0].id)
        done = await actions.prove_item(LIN.person, item, found)
    assert (done.status, done.proof_kind, done.proof_id) == ("done", "call", found.id)


async def test_an_item_done_finishes_its_task(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        task = await Task.create(branch="SH", employee_id=LIN.id, assigned_by=SUN.id, title="收款")
        day = await queries.day_of(LIN.id, TODAY, is_own=True)
        assert [(one.title, one.by) for one in day.tasks] == [("收款", SUN.name)]
        item = await actions.add_item(LIN.person, await lin(), read_line("收款"), task_id=task.id)
        await actions.finish_item(LIN.person, item)
        assert (await Task.get(id=task.id)).status == "done"


async def test_an_empty_plan_is_not_submitted(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        with pytest.raises(Invalid):
            await actions.submit_plan(LIN.person, await lin())


async def test_nobody_works_on_a_colleagues_plan_but_his_manager(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        item = await type_line("事项", SUN)
        with pytest.raises(NotFound):
            await queries.item_for(LIN.person, item.id)
        with pytest.raises(NotAllowed):
            await actions.finish_item(LIN.person, item)
        mine = await type_line("我的")
        await actions.finish_item(SUN.person, mine)
        assert (await PlanItem.get(id=mine.id)).status == "done"


async def test_order_by_steps_and_by_place(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        one, two, three = [await type_line(text) for text in "甲乙丙"]
        await actions.reorder(LIN.person, three, step="up")
        await actions.reorder(LIN.person, one, before=None)
        day = await queries.day_of(LIN.id, TODAY, is_own=True)
        assert [item.text for item in day.items] == ["丙", "乙", "甲"]
        await actions.reorder(LIN.person, two, before=three.id)
        day = await queries.day_of(LIN.id, TODAY, is_own=True)
    assert [item.text for item in day.items] == ["乙", "丙", "甲"]


async def test_yesterdays_plan_takes_no_more_lines(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        with pytest.raises(Conflict):
            await actions.add_item(LIN.person, await lin(), read_line("x"), day=date(2026, 11, 19))


async def test_my_day_costs_the_same_queries_at_any_size(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        east = await customer_of(LIN, "East Motors", search_key="eastmotors east motors")
        costs = []
        for count in (2, 40):
            for number in range(count):
                await type_line(f"事项{number} @East Motors")
            await Task.create(branch="SH", employee_id=LIN.id, title=f"任务{count}", customer_id=east.id)
            counter = count_queries()
            await queries.day_of(LIN.id, TODAY, is_own=True)
            costs.append(counter[0])
    assert costs == [4, 4]


async def test_the_team_shows_who_has_no_plan_first_and_nobody_outside_reach(database: Database) -> None:
    with acting(SUN):
        await hire(*SHANGHAI)
        await type_line("事项", SUN)
        await actions.submit_plan(SUN.person, await Employee.get(id=SUN.id))
        rows = await team_reads.team_on(SUN.person, TODAY)
        alone = await team_reads.team_on(LIN.person, TODAY)
    assert [(row.name, row.status, row.planned) for row in rows] == [
        (LIN.name, "none", 0),
        (SUN.name, "submitted", 1),
    ]
    assert [row.name for row in alone] == [LIN.name]


async def test_the_team_is_one_query(database: Database) -> None:
    with acting(SUN):
        await hire(*SHANGHAI)
        counter = count_queries()
        await team_reads.team_on(SUN.person, TODAY)
    assert counter[0] == 1


async def test_a_manager_comments_on_a_day_that_has_no_plan_yet_and_the_employee_answers(
    database: Database,
) -> None:
    with acting(SUN):
        await hire(*SHANGHAI)
        await actions.comment_day(SUN.person, await lin(), TODAY, "计划呢？")
        day = await queries.day_of(LIN.id, TODAY, is_own=True)
        assert (day.status, day.comments) == ("draft", ["孙伟: 计划呢？"])
        with pytest.raises(NotAllowed):
            await actions.comment_day(LIN.person, await Employee.get(id=SUN.id), TODAY, "没有")
        await actions.comment_day(LIN.person, await lin(), TODAY, "马上")
        assert (await queries.day_of(LIN.id, TODAY, is_own=True)).comments == ["孙伟: 计划呢？", "林娜: 马上"]


async def test_completion_of_a_period_counts_plans_tasks_and_follow_ups_within_reach(
    database: Database,
) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        items = [await type_line(f"事项{number}") for number in range(4)]
        await actions.finish_item(LIN.person, items[0])
        await actions.carry_item(LIN.person, items[1])
        await Task.create(
            branch="SH", employee_id=LIN.id, department_id=LIN.department_id, title="催款",
            due_on=TODAY - timedelta(days=1),
        )  # fmt: skip
        month = Month.containing(TODAY)
        counter = count_queries()
        rows = {row.id: row for row in await team_reads.progress_of(SUN.person, month)}
        assert counter[0] == 1
        assert set(rows) == {LIN.id, SUN.id}
        lins = rows[LIN.id]
        assert (lins.days, lins.tally.planned, lins.tally.done, lins.tally.carried_over) == (1, 4, 1, 1)
        assert (lins.tasks_open, lins.tasks_late) == (1, 1)
        assert completion_bp(lins.tally) == 2_500
        assert completion_bp(rows[SUN.id].tally) is None
        assert await team_reads.progress_of(SUN.person, month.previous()) != []
