"""Tasks, feedback and market notes: their lives, and who may do what with them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branch_node.feedback import actions as feedback
from branch_node.feedback import queries as feedback_queries
from branch_node.feedback.forms import FeedbackForm
from branch_node.feedback.forms import ListForm as FeedbackFilters
from branch_node.intelligence import actions as notes
from branch_node.intelligence import queries as note_queries
from branch_node.intelligence.forms import ListForm as NoteFilters
from branch_node.intelligence.forms import NoteForm
from branch_node.intelligence.rules import NoteLine, read_note, safe_link
from branch_node.lists import paging
from branch_node.notifications.models import Notification
from branch_node.tasks import actions as tasks
from branch_node.tasks import queries as task_queries
from branch_node.tasks.forms import TaskForm
from shared.database import Database
from shared.errors import Conflict, Invalid, NotAllowed, NotFound
from shared.records import Employee, Feedback, IntelNote, PlanItem, Task
from tests.support.cast import (
    LIN,
    MANAGER,
    SHANGHAI,
    SUN,
    TODAY,
    WANG,
    ZHOU,
    Member,
    acting,
    customer_of,
    hire,
)


async def titles(person, view: str) -> list[str]:
    cut = await task_queries.task_page(person, view, paging({}, task_queries.SORTS, "due"))
    return [row.title for row in cut.rows]


async def test_a_task_goes_from_sun_to_lins_plan_and_back_done(database: Database) -> None:
    with acting(SUN):
        await hire(*SHANGHAI)
        task = await tasks.give_task(SUN.person, TaskForm(employee_id=LIN.id, title="收款", due_on=TODAY))
        assert await titles(LIN.person, "mine") == ["收款"]
        assert await titles(SUN.person, "given") == ["收款"]
        item = await tasks.accept_task(LIN.person, task)
        again = await tasks.accept_task(LIN.person, task)
        assert (item.id, item.kind) == (again.id, "collect")
        done = await tasks.finish_task(LIN.person, task, "已到账")
        assert done.status == "done"
        assert f"{LIN.name}: 已到账" in done.comment
        assert (await PlanItem.get(id=item.id)).status == "done"
        with pytest.raises(Conflict):
            await tasks.finish_task(LIN.person, task)
        assert await titles(SUN.person, "finished") == ["收款"]


async def told(member: Member) -> list[str]:
    """What this person was told, oldest first, as address and kind of the message."""
    return [f"{row.kind} {row.url}" for row in await Notification.filter(person_id=member.id).order_by("id")]


async def test_who_gave_a_task_and_whose_it_is_hear_what_the_other_did(database: Database) -> None:
    with acting(SUN):
        await hire(*SHANGHAI)
        task = await tasks.give_task(SUN.person, TaskForm(employee_id=LIN.id, title="收款"))
        await tasks.give_task(LIN.person, TaskForm(title="own"))
        await tasks.comment_task(LIN.person, task, "下周")
        await tasks.finish_task(LIN.person, task)
        await tasks.reopen_task(SUN.person, task)
    assert await told(LIN) == [f"work /tasks/{task.id}"] * 2
    assert await told(SUN) == [f"answer /tasks/{task.id}"] * 2


async def test_feedback_tells_who_is_to_handle_it_and_who_entered_it(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        row = await feedback.enter_feedback(LIN.person, FeedbackForm(subject="交货晚了"), None)
        await feedback.assign_feedback(SUN.person, row, await Employee.get(id=ZHOU.id))
        await feedback.answer_feedback(ZHOU.person, row, "已补发")
        await feedback.close_feedback(SUN.person, row)
    assert await told(ZHOU) == [f"work /feedback/{row.id}"]
    assert await told(LIN) == [f"answer /feedback/{row.id}"] * 2
    assert await told(SUN) == []


async def test_tasks_go_only_to_people_within_reach(database: Database) -> None:
    with acting(SUN):
        await hire(*SHANGHAI)
        for giver, receiver in ((SUN, WANG), (LIN, SUN)):
            with pytest.raises(NotAllowed):
                await tasks.give_task(giver.person, TaskForm(employee_id=receiver.id, title="x"))
        with pytest.raises(Invalid) as refused:
            await tasks.give_task(
                SUN.person, TaskForm(employee_id=LIN.id, title="x", due_on=TODAY - timedelta(days=1))
            )
        assert set(refused.value.fields) == {"due_on"}
        own = await tasks.give_task(LIN.person, TaskForm(title="自己的"))
        assert own.employee_id == LIN.id


async def test_a_withdrawn_task_leaves_the_plan(database: Database) -> None:
    with acting(SUN):
        await hire(*SHANGHAI)
        task = await tasks.give_task(SUN.person, TaskForm(employee_id=LIN.id, title="收款"))
        item = await tasks.accept_task(LIN.person, task)
        with pytest.raises(NotAllowed):
            await tasks.withdraw_task(LIN.person, task)
        await tasks.withdraw_task(SUN.person, task, "客户已付")
        assert (await PlanItem.get(id=item.id)).status == "cancelled"
        assert (await Task.get(id=task.id)).status == "cancelled"


async def test_a_task_of_others_is_not_there(database: Database) -> None:
    with acting(ZHOU):
        await hire(*SHANGHAI)
        task = await tasks.give_task(ZHOU.person, TaskForm(title="内部"))
        for stranger in (LIN, SUN):
            with pytest.raises(NotFound):
                await task_queries.task_for(stranger.person, task.id)
            with pytest.raises(NotAllowed):
                await tasks.comment_task(stranger.person, task, "?")
        assert (await task_queries.task_for(MANAGER.person, task.id)).id == task.id


async def test_feedback_is_answered_before_it_is_closed(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        customer = await customer_of(LIN)
        row = await feedback.enter_feedback(
            LIN.person, FeedbackForm(subject="晚了", kind="complaint"), customer
        )
        with pytest.raises(Conflict):
            await feedback.close_feedback(ZHOU.person, row)
        await feedback.assign_feedback(ZHOU.person, row, await Employee.get(id=WANG.id))
        await feedback.answer_feedback(ZHOU.person, row, "周五到货")
        await feedback.close_feedback(ZHOU.person, row)
        with pytest.raises(Conflict):
            await feedback.answer_feedback(ZHOU.person, row, "再答")
        await feedback.reopen_feedback(ZHOU.person, row)
        found = await Feedback.get(id=row.id)
    assert (found.status, found.answer, found.closed_at) == ("open", "周五到货", None)


async def test_lin_may_not_close_feedback_and_sees_what_is_hers_or_given_to_her(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        foreign = await feedback.enter_feedback(ZHOU.person, FeedbackForm(subject="外部"), None)
        with pytest.raises(NotAllowed):
            await feedback.close_feedback(LIN.person, foreign)
        with pytest.raises(NotFound):
            await feedback_queries.feedback_for(LIN.person, foreign.id)
        await feedback.assign_feedback(ZHOU.person, foreign, await Employee.get(id=LIN.id))
        assert (await feedback_queries.feedback_for(LIN.person, foreign.id)).id == foreign.id
        pages = paging({}, feedback_queries.SORTS, "-day")
        cut = await feedback_queries.feedback_page(LIN.person, FeedbackFilters(), pages, only_open=True)
        nobody = await feedback_queries.feedback_page(SUN.person, FeedbackFilters(), pages, only_open=True)
    assert [row.subject for row in cut.rows] == ["外部"]
    assert list(nobody.rows) == []


async def test_a_note_is_changed_by_its_writer_or_the_manager(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        note = await notes.add_line(LIN.person, read_note("&恒达 在无锡设点"))
        assert (note.kind, note.competitor) == ("competitor", "恒达")
        with pytest.raises(NotAllowed):
            await notes.change_note(
                ZHOU.with_grants(intel__edit=LIN.person.grants["intel.edit"]), note, NoteForm(title="x")
            )
        await notes.change_note(MANAGER.person, note, NoteForm(title="改过", kind="competitor"))
        await notes.take_back(LIN.person, note)
        pages = paging({}, note_queries.SORTS, "-day")
        assert list((await note_queries.note_page(LIN.person, NoteFilters(), pages)).rows) == []
        assert (await IntelNote.get(id=note.id)).deleted_at is not None


def test_a_line_about_the_trade_and_one_about_a_competitor() -> None:
    assert read_note("铜价上涨 https://example.com/a") == NoteLine(
        "铜价上涨", "industry", "", "https://example.com/a"
    )
    assert read_note("&Hengda opens a branch", "industry") == NoteLine(
        "Hengda opens a branch", "competitor", "Hengda"
    )
    assert read_note("同行降价", "competitor").kind == "competitor"


@given(st.text(max_size=200))
def test_any_text_is_a_note(typed: str) -> None:
    line = read_note(typed)
    assert len(line.title) <= 200
    assert line.kind in ("industry", "competitor")


@given(st.text(max_size=60))
def test_a_link_never_leads_into_a_script(text: str) -> None:
    assert safe_link(text) == "" or safe_link(text).startswith(("http://", "https://"))
    assert safe_link("javascript:" + text) == ""


def test_a_feedback_is_read_from_one_line_and_nothing_is_lost() -> None:
    from branch_node.feedback.rules import FeedbackLine, read_feedback

    assert read_feedback("交货晚了 ＠华东机电 ＃投诉 ！！") == FeedbackLine(
        "交货晚了", "complaint", "high", "华东机电"
    )
    assert read_feedback("delivery #unheard of") == FeedbackLine("delivery #unheard of")
    assert read_feedback("#prai thanks @East Motors") == FeedbackLine(
        "thanks", "praise", "normal", "East Motors"
    )
