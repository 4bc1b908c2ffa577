"""The outbox on both engines: who sees which mail, why one failed, and that it is sent again."""

from datetime import timedelta

import pytest

from branch_node.dunning.actions import remind_due
from branch_node.lists import paging
from branch_node.mail import queries
from branch_node.mail.actions import send_again, send_waiting
from branch_node.mail.forms import ListForm
from branch_node.tasks.actions import give_task
from branch_node.tasks.forms import TaskForm
from shared import clock
from shared.clock import FixedClock
from shared.errors import NotFound
from shared.permissions import Person
from shared.records import DunningNotice, Employee
from tests.support.cast import ADMIN, LIN, NOON, SUN, WANG, ZHOU, customer_of
from tests.support.mail_server import mail_server
from tests.support.sales import approved_order

LATE = FixedClock(NOON + timedelta(days=37))


async def seen_by(person: Person, **filters: str) -> list[queries.MailRow]:
    pages = paging({}, queries.SORTS, "-at")
    return list((await queries.mail_page(person, ListForm(**filters), pages)).rows)


async def a_reminder() -> None:
    """One reminder to Lin's customer, seven days late, waits in the outbox."""
    await approved_order(await customer_of(LIN, email="pay@east.example"))
    with clock.use(LATE):
        assert await remind_due() == 1


@pytest.mark.usefixtures("branch")
async def test_a_failed_mail_says_why_and_goes_once_it_is_sent_again():
    await a_reminder()
    async with mail_server() as server:
        with clock.use(LATE):
            server.answers = {"pay@east.example": "550 no such user"}
            await send_waiting(server.office)
            (failed,) = await seen_by(WANG.person, status="failed")
            assert "no such user" in failed.trouble
            server.answers = {}
            assert (await send_again(failed.id), await send_again(failed.id)) == (True, False)
            assert (await DunningNotice.get()).status == "waiting"
            assert await send_waiting(server.office) == 1
    (sent,) = await seen_by(WANG.person, q="EAST.example")
    assert (sent.status, sent.trouble, (await DunningNotice.get()).status) == ("sent", "", "sent")


@pytest.mark.usefixtures("branch")
async def test_a_mail_is_read_by_whoever_may_remind_and_its_way_seen_by_the_administrator():
    await a_reminder()
    (mail,) = await seen_by(WANG.person)
    assert (mail.about, mail.is_readable) == ("华东机电有限公司", True)
    (bare,) = await seen_by(ADMIN.person)
    assert (bare.to_address, bare.subject, bare.body, bare.about, bare.url) == (
        "pay@east.example",
        "",
        "",
        "",
        "",
    )
    for other in (LIN, ZHOU):
        assert await seen_by(other.person) == []
        with pytest.raises(NotFound):
            await queries.mail_for(other.person, mail.id)


@pytest.mark.usefixtures("branch")
async def test_a_task_reaches_the_one_it_is_for_by_mail_and_nobody_else_reads_that():
    await Employee.filter(id=LIN.id).update(email="lin@example.com")
    task = await give_task(SUN.person, TaskForm(employee_id=LIN.id, title="收款"))
    (mail,) = await seen_by(LIN.person)
    assert ("收款" in mail.subject, mail.url) == (True, f"/tasks/{task.id}")
    assert await seen_by(WANG.person) == []
    assert await queries.mail_counts(LIN.person) == {"waiting": 1}
