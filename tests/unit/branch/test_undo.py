"""Undo on both engines: exact, whole, one's own, for a while."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from branch_node.customers import contacts
from branch_node.customers.actions import add_customer
from branch_node.customers.forms import ContactForm, CustomerForm
from branch_node.customers.hand_overs import hand_overs
from branch_node.customers.owners import assign_customers, hand_over, undo_hand_over
from branch_node.followups.actions import cancel_activity, plan_activity
from branch_node.followups.forms import PlanForm
from branch_node.home import Home, at_home, today
from branch_node.plans import actions as plans
from branch_node.plans.rules import Line
from branch_node.undoing.actions import undo, undo_url
from shared import clock
from shared.database import Database, as_actor, execute, transaction
from shared.errors import Conflict, NotAllowed, NotFound
from shared.permissions import Person
from shared.records import (
    Activity,
    AuditEntry,
    Contact,
    ContactPoint,
    Customer,
    Employee,
    Feedback,
    PlanItem,
    Record,
    Task,
)
from shared.replication import capture
from tests.support.cast import (
    FINANCE_SH,
    LIN,
    MANAGER,
    SALES_SH,
    SHANGHAI,
    SUN,
    TODAY,
    WANG,
    ZHOU,
    acting,
    customer_of,
    hire,
)


@pytest.fixture
async def east(database: Database) -> AsyncIterator[Customer]:
    """Lin's customer at a branch that logs its changes; the clock is the real one, as the log's is."""
    with at_home(Home("SH")), acting(LIN, at=clock.now()):
        await hire(*SHANGHAI)
        await capture.install("SH")
        yield await add_customer(LIN.person, CustomerForm(name="华东机电有限公司"))


async def take_back(person: Person, model: type[Record], row: Record) -> int:
    """What the button of the message does."""
    table, row_id, revision = (await undo_url(model, row.id)).removeprefix("/undo/").split("/")
    assert row_id == str(row.id)
    return await undo(person, table, row.id, int(revision))


async def test_a_cancelled_follow_up_is_planned_again_and_so_is_the_next_contact(east: Customer) -> None:
    activity = await plan_activity(
        LIN.person,
        east,
        PlanForm(customer_id=east.id, subject="回访", planned_on=TODAY + timedelta(days=400)),
    )
    await cancel_activity(LIN.person, activity)
    assert (await Customer.get(id=east.id)).next_contact_on is None
    assert await take_back(LIN.person, Activity, activity) == 2
    assert (await Activity.get(id=activity.id)).status == "planned"
    assert (await Customer.get(id=east.id)).next_contact_on == activity.planned_on
    assert (await AuditEntry.get(action="undone")).person_id == LIN.id


async def test_a_removed_contact_comes_back_with_its_numbers(east: Customer) -> None:
    contact = await contacts.save_contact(LIN.person, east, ContactForm(name="王先生", phone="13900139000"))
    await contacts.remove_contact(LIN.person, east, contact.id)
    assert await take_back(LIN.person, Contact, contact) == 2
    assert await Contact.filter(id=contact.id, deleted_at=None).exists()
    assert await ContactPoint.filter(contact_id=contact.id, deleted_at=None).count() == 1


async def test_a_bulk_act_is_taken_back_whole_or_not_at_all(east: Customer) -> None:
    west = await add_customer(LIN.person, CustomerForm(name="西部机床有限公司"))
    with as_actor(SUN.id):
        assert await assign_customers(SUN.person, [east.id, west.id], SUN.id) == 2
        assert await take_back(SUN.person, Customer, east) == 2
        assert set(await Customer.all().values_list("owner_id", flat=True)) == {LIN.id}
        await assign_customers(SUN.person, [east.id, west.id], SUN.id)
    other = await Customer.get(id=west.id)
    other.city = "上海"
    await other.save()
    with as_actor(SUN.id), pytest.raises(Conflict) as refused:
        await take_back(SUN.person, Customer, east)
    assert refused.value.code == "undo.changed"
    assert (await Customer.get(id=east.id)).owner_id == SUN.id


async def test_only_one_s_own_act_of_the_last_quarter_of_an_hour_is_taken_back(east: Customer) -> None:
    contact = await contacts.save_contact(LIN.person, east, ContactForm(name="王先生"))
    await contacts.remove_contact(LIN.person, east, contact.id)
    with pytest.raises(NotFound):
        await take_back(SUN.person, Contact, contact)
    with pytest.raises(NotAllowed):
        await take_back(WANG.person, Contact, contact)
    with acting(LIN, at=clock.now() + timedelta(minutes=16)), pytest.raises(Conflict) as late:
        await take_back(LIN.person, Contact, contact)
    assert late.value.code == "undo.late"
    new = await add_customer(LIN.person, CustomerForm(name="新客户"))
    with pytest.raises(Conflict) as more:
        await take_back(LIN.person, Customer, new)
    assert more.value.code == "undo.more"


# --- plans ----------------------------------------------------------------------------------------------------------


async def plan_of(*texts: str) -> list[PlanItem]:
    lin = await Employee.get(id=LIN.id)
    return [await plans.add_item(LIN.person, lin, Line(text)) for text in texts]


async def order() -> list[str]:
    rows = await PlanItem.filter(employee_id=LIN.id, deleted_at=None).order_by("position")
    return [row.text for row in rows]


async def test_a_deleted_carried_or_reordered_item_is_as_it_was(east: Customer) -> None:
    first, second, third = await plan_of("拜访", "报价", "催款")
    await plans.cancel_item(LIN.person, second)
    assert await order() == ["拜访", "催款"]
    assert await take_back(LIN.person, PlanItem, second) == 1
    changed = await plans.reorder(LIN.person, third, before=first.id)
    assert await order() == ["催款", "拜访", "报价"]
    assert changed is not None
    assert await take_back(LIN.person, PlanItem, await PlanItem.get(id=changed)) == 3
    assert await order() == ["拜访", "报价", "催款"]
    assert await plans.reorder(LIN.person, first, step="up") is None
    await plans.carry_item(LIN.person, first)
    assert await take_back(LIN.person, PlanItem, first) == 1
    assert (await PlanItem.get(id=first.id)).status == "planned"


async def test_items_taken_into_today_wait_again_and_those_worked_on_since_stay(east: Customer) -> None:
    items = await plan_of("拜访", "报价")
    for item in items:
        item.happened_on = today() - timedelta(days=1)
        await item.save()
    lin = await Employee.get(id=LIN.id)
    taken = await plans.take_up_all(LIN.person, lin, items)
    assert [row.status for row in await PlanItem.filter(id__in=[one.id for one in items])] == [
        "carried_over"
    ] * 2
    assert await take_back(LIN.person, PlanItem, taken[-1]) == 4
    assert {row.status for row in await PlanItem.filter(id__in=[one.id for one in items])} == {"planned"}
    assert await PlanItem.filter(id__in=[one.id for one in taken], deleted_at=None).count() == 0
    again = await plans.take_up_all(LIN.person, lin, items)
    await plans.finish_item(LIN.person, again[0])
    with pytest.raises(Conflict) as refused:
        await take_back(LIN.person, PlanItem, again[1])
    assert refused.value.code == "undo.changed"
    assert await PlanItem.filter(id__in=[one.id for one in again], deleted_at=None).count() == 2


async def test_no_open_item_comes_back_into_a_day_that_was_closed_since(east: Customer) -> None:
    first, _second = await plan_of("拜访", "报价")
    await plans.cancel_item(LIN.person, first)
    await plans.close_day(LIN.person, await Employee.get(id=LIN.id), "")
    with pytest.raises(Conflict) as refused:
        await take_back(LIN.person, PlanItem, first)
    assert refused.value.code == "plan.closed"
    assert (await PlanItem.get(id=first.id)).deleted_at is not None
    with pytest.raises(Conflict) as more:
        await take_back(LIN.person, PlanItem, _second)
    assert more.value.code == "undo.more"


# --- hand-overs -----------------------------------------------------------------------------------------------------


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["customer", "task", "activity", "feedback"]), st.booleans(), st.booleans()
        ),
        max_size=8,
    )
)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_hand_over_is_taken_back_row_for_row(small: None, rows: list[tuple[str, bool, bool]]) -> None:
    """Each row: what it is, whether it belongs to the sales department, whether somebody else got it since."""
    async with transaction():
        before, moved_on = {}, set()
        east = await customer_of(LIN)
        made: list[tuple[Record, str]] = [(east, "owner_id")]
        for kind, is_sales, has_moved_on in rows:
            row, column = await a_row(kind, east, SALES_SH if is_sales else FINANCE_SH)
            made.append((row, column))
            if has_moved_on:
                moved_on.add(row.id)
        for row, column in made:
            before[row.id] = image(await type(row).get(id=row.id), column)
        with as_actor(MANAGER.id):
            done = await hand_over(MANAGER.person, LIN.id, SUN.id, "离职")
            for row, column in made:
                if row.id in moved_on:
                    await type(row).filter(id=row.id).update(**{column: WANG.id})
            assert done.entry_id is not None
            back = await undo_hand_over(MANAGER.person, done.entry_id)
            assert sum(done.moved.values()) - sum(back.values()) == len(moved_on)
            for row, column in made:
                now = await type(row).get(id=row.id)
                if row.id in moved_on:
                    assert getattr(now, column) == WANG.id
                else:
                    assert image(now, column) == before[row.id]
            with pytest.raises(Conflict) as again:
                await undo_hand_over(MANAGER.person, done.entry_id)
            assert again.value.code == "hand_over.undone"
        await Customer.filter(owner_id__in=[LIN.id, SUN.id]).update(owner_id=None)


@pytest.fixture
async def small(sqlite_database: Database) -> AsyncIterator[None]:
    with at_home(Home("SH")), acting(MANAGER, at=clock.now()):
        await hire(*SHANGHAI)
        await capture.install("SH")
        yield


def image(row: Record, column: str) -> tuple[object, object]:
    return getattr(row, column), getattr(row, "department_id", None)


async def a_row(kind: str, east: Customer, department: UUID) -> tuple[Record, str]:
    mine = {"branch": "SH", "department_id": department}
    if kind == "customer":
        return await customer_of(LIN, "另一家", department_id=department), "owner_id"
    if kind == "task":
        return await Task.create(employee_id=LIN.id, title="收款", **mine), "employee_id"
    if kind == "activity":
        made = await Activity.create(
            customer_id=east.id,
            owner_id=LIN.id,
            kind="call",
            subject="回访",
            status="planned",
            planned_on=TODAY,
            **mine,
        )
        return made, "owner_id"
    feedback = await Feedback.create(
        customer_id=east.id, owner_id=ZHOU.id, assigned_to=LIN.id, subject="晚了", happened_on=TODAY, **mine
    )
    return feedback, "assigned_to"


async def test_a_hand_over_is_taken_back_on_each_engine_within_reach_only(east: Customer) -> None:
    with as_actor(SUN.id):
        done = await hand_over(SUN.person, LIN.id, SUN.id)
        assert done.entry_id is not None
        for stranger in (WANG.person, LIN.person):
            with pytest.raises((NotAllowed, NotFound)):
                await undo_hand_over(stranger, done.entry_id)
        assert (await undo_hand_over(SUN.person, done.entry_id))["customers"] == 1
        (told,) = await hand_overs(SUN.person)
        assert told.undone_at is not None
        with pytest.raises(NotFound):
            await undo_hand_over(SUN.person, east.id)
        later = await hand_over(SUN.person, LIN.id, SUN.id)
        assert later.entry_id is not None
        await execute("DELETE FROM change WHERE tbl = 'customer'")
        with pytest.raises(Conflict) as gone:
            await undo_hand_over(SUN.person, later.entry_id)
    assert gone.value.code == "hand_over.log"
    assert (await Customer.get(id=east.id)).owner_id == SUN.id
