"""Undo on both engines: exact, whole, one's own, for a while."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from branch_node.customers import contacts
from branch_node.customers.actions import add_customer
from branch_node.customers.forms import ContactForm, CustomerForm
from branch_node.customers.owners import assign_customers
from branch_node.followups.actions import cancel_activity, plan_activity
from branch_node.followups.forms import PlanForm
from branch_node.home import Home, at_home
from branch_node.undoing.actions import undo, undo_url
from shared import clock
from shared.database import Database, as_actor
from shared.errors import Conflict, NotAllowed, NotFound
from shared.permissions import Person
from shared.records import Activity, AuditEntry, Contact, ContactPoint, Customer, Record
from shared.replication import capture
from tests.support.cast import LIN, SHANGHAI, SUN, TODAY, WANG, acting, hire


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
