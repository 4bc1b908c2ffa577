"""Reminders on both engines: one notice per instalment and level, held back by disputes and promises, sent by a real
mail server with what remains at that moment; people are told once."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import branch_node
from branch_node.dunning import actions, queries
from branch_node.dunning.actions import (
    dispute,
    ensure_levels,
    judge_promises,
    promise,
    remind_due,
    settle_dispute,
    tell_due_soon,
)
from branch_node.dunning.forms import DisputeForm, PromiseForm
from branch_node.dunning.pages import LevelsPage
from branch_node.dunning.rules import DEFAULT_LEVELS, Case, Level, level_due, require_texts
from branch_node.mail.actions import send_waiting
from branch_node.mail.models import OutgoingMail
from branch_node.notifications.models import Notification
from branch_node.receipts.actions import reverse_receipt
from shared import clock
from shared.clock import FixedClock
from shared.errors import Conflict, Invalid
from shared.i18n import install_from
from shared.records import Customer, DunningNotice, PromiseToPay, Receivable
from tests.support.cast import LIN, MANAGER, NOON, WANG, customer_of
from tests.support.mail_server import mail_server
from tests.support.sales import approved_order, receipt

LADDER = [Level(0, -3), Level(1, 7), Level(2, 15), Level(3, 45)]
DUE = date(2026, 12, 20)


def after(days: int) -> FixedClock:
    """A clock that stands at noon so many days past the due day of an order approved today."""
    return FixedClock(NOON + timedelta(days=30 + days))


async def owing(email: str = "pay@east.example", **more: str) -> tuple[Customer, Receivable]:
    """A customer with an approved order of 1,000.00, due in thirty days."""
    east = await customer_of(LIN, email=email, **more)
    order = await approved_order(east)
    return east, await Receivable.get(order_id=order.id)


@pytest.mark.usefixtures("branch")
async def test_each_level_is_sent_once_with_what_remains_when_it_goes():
    east, _owed = await owing()
    async with mail_server() as server:
        with clock.use(after(7)):
            assert (await remind_due(), await remind_due()) == (1, 0)
            await receipt(east, "400.00", on="2026-12-27")
            assert await send_waiting(server.office) == 1
        with clock.use(after(16)):
            assert await remind_due() == 1
            assert await send_waiting(server.office) == 1
            assert await send_waiting(server.office) == 0
    first, second = server.kept
    assert "¥600.00" in first.get_content()
    assert "逾期 7 天" in first.get_content()
    assert first["To"].addresses[0].addr_spec == "pay@east.example"
    assert second["Subject"].startswith("第二次付款提醒")
    notices = await DunningNotice.all().order_by("level")
    assert [(one.level, one.remaining_minor, one.status) for one in notices] == [
        (1, 60_000, "sent"),
        (2, 60_000, "sent"),
    ]


@pytest.mark.usefixtures("branch")
async def test_all_who_owe_are_reminded_in_the_end_a_piece_at_a_time_and_a_bounded_number_a_run(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(queries, "PIECE", 2)
    monkeypatch.setattr(actions, "MOST_A_RUN", 3)
    for _ in range(7):
        await owing()
    with clock.use(after(-2)):
        assert [await tell_due_soon() for _ in range(4)] == [3, 3, 1, 0]
    with clock.use(after(7)):
        assert [await remind_due() for _ in range(4)] == [3, 3, 1, 0]
    assert {one.level for one in await DunningNotice.all()} == {1}
    assert len({one.receivable_id for one in await DunningNotice.all()}) == 7


@pytest.mark.usefixtures("branch")
async def test_a_customer_abroad_is_reminded_in_english():
    await owing(country="France", name="Moteurs SA")
    async with mail_server() as server:
        with clock.use(after(8)):
            await remind_due()
            await send_waiting(server.office)
    assert server.kept[0]["Subject"].startswith("Payment reminder")
    assert "8 days late" in server.kept[0].get_content()


@pytest.mark.usefixtures("branch")
async def test_nothing_is_sent_while_disputed_or_promised_or_once_it_is_paid():
    east, owed = await owing()
    with clock.use(after(7)):
        await dispute(WANG.person, owed.id, DisputeForm(reason="goods came back"))
        assert await remind_due() == 0
        with pytest.raises(Conflict):
            await dispute(WANG.person, owed.id, DisputeForm(reason="again"))
        await settle_dispute(WANG.person, owed.id)
        await promise(WANG.person, owed.id, PromiseForm(promised_on=date(2026, 12, 30)))
        assert await remind_due() == 0
    with clock.use(after(11)):
        assert (await judge_promises(), await judge_promises()) == (1, 0)
        assert await remind_due() == 1
        await receipt(east, "1,000.00", on="2026-12-31")
        async with mail_server() as server:
            assert await send_waiting(server.office) == 0
            assert server.kept == []
    assert (await PromiseToPay.get()).status == "broken"
    assert (await DunningNotice.get()).status == "dropped"
    told = await Notification.filter(kind="promise")
    assert {row.person_id for row in told} == {LIN.id, MANAGER.id}


@pytest.mark.usefixtures("branch")
async def test_a_notice_that_was_held_back_before_it_went_is_sent_when_nothing_holds_it_any_more():
    _east, owed = await owing()
    async with mail_server() as server:
        with clock.use(after(50)):
            assert await remind_due() == 1
            await dispute(WANG.person, owed.id, DisputeForm(reason="goods came back"))
            assert await send_waiting(server.office) == 0
            assert (await DunningNotice.get()).status == "dropped"
            await settle_dispute(WANG.person, owed.id)
            assert (await remind_due(), await remind_due()) == (1, 0)
            assert await send_waiting(server.office) == 1
        with clock.use(after(51)):
            assert await remind_due() == 0
    assert [mail["Subject"].split("：")[0] for mail in server.kept] == ["最后付款通知"]
    assert [(one.level, one.status) for one in await DunningNotice.all()] == [(3, "sent")]


@pytest.mark.usefixtures("branch")
async def test_a_mail_server_that_comes_late_sends_the_last_reminder_and_not_all_that_waited():
    await owing()
    for days in (-2, 7, 16):
        with clock.use(after(days)):
            assert await remind_due() == 1
    async with mail_server() as server:
        with clock.use(after(17)):
            assert await send_waiting(server.office) == 1
            assert await remind_due() == 0
    assert [mail["Subject"].split("：")[0] for mail in server.kept] == ["第二次付款提醒"]
    notices = await DunningNotice.all().order_by("level")
    assert [(one.level, one.status) for one in notices] == [(0, "dropped"), (1, "dropped"), (2, "sent")]


@pytest.mark.usefixtures("branch")
async def test_what_falls_due_soon_is_not_told_once_the_day_has_passed():
    await owing()
    with clock.use(after(-2)):
        assert await remind_due() == 1
    async with mail_server() as server:
        with clock.use(after(1)):
            assert await send_waiting(server.office) == 0
    assert (await DunningNotice.get()).status == "dropped"


@pytest.mark.usefixtures("branch")
async def test_a_promise_is_kept_when_the_money_comes_and_open_again_when_it_bounces():
    east, owed = await owing()
    await promise(WANG.person, owed.id, PromiseForm(promised_on=date(2026, 12, 1), amount="1,000.00"))
    with pytest.raises(Invalid):
        await promise(WANG.person, owed.id, PromiseForm(promised_on=date(2026, 12, 1), amount="1,000.01"))
    paid = await receipt(east, "1,000.00")
    assert (await PromiseToPay.get(status="kept")).amount_minor == 100_000
    await reverse_receipt(WANG.person, paid.id, "bounced")
    assert await PromiseToPay.filter(status="open").count() == 1


@pytest.mark.usefixtures("branch")
async def test_the_owner_hears_once_that_a_payment_falls_due():
    await owing()
    with clock.use(after(-3)):
        assert (await tell_due_soon(), await tell_due_soon()) == (1, 0)
    with clock.use(after(-1)):
        assert await tell_due_soon() == 0
    assert (await Notification.get(kind="due_soon")).person_id == LIN.id


@pytest.mark.usefixtures("branch")
async def test_a_refused_address_fails_at_once_a_busy_server_is_asked_again_later():
    await owing("gone@east.example")
    await owing("busy@east.example", name="西部机床")
    async with mail_server() as server:
        server.answers = {"gone@east.example": "550 no such user", "busy@east.example": "451 later"}
        with clock.use(after(7)):
            assert await remind_due() == 2
            assert await send_waiting(server.office) == 0
        assert {row.to_address: row.status for row in await OutgoingMail.all()} == {
            "gone@east.example": "failed",
            "busy@east.example": "waiting",
        }
        server.answers = {}
        with clock.use(FixedClock(after(7).now() + timedelta(minutes=2))):
            assert await send_waiting(server.office) == 1
    assert sorted(one.status for one in await DunningNotice.all()) == ["failed", "sent"]


@pytest.mark.usefixtures("branch")
async def test_a_server_that_is_away_costs_no_mail_and_a_customer_without_address_waits_for_a_call():
    await owing("")
    await owing("pay@east.example", name="西部机床")
    async with mail_server() as server:
        office = server.office
    with clock.use(after(7)):
        assert await remind_due() == 2
        assert await send_waiting(office) == 0
        assert await send_waiting(None) == 0
    assert (await OutgoingMail.get()).status == "waiting"
    assert sorted(one.channel for one in await DunningNotice.all()) == ["mail", "none"]


@pytest.mark.usefixtures("small_branch")
async def test_levels_are_written_once_and_name_only_what_a_notice_knows():
    assert len(await ensure_levels()) == len(await ensure_levels()) == 4
    with pytest.raises(Invalid):
        require_texts({"body": "Dear %(friend)s"})


cases = st.builds(
    Case,
    st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    st.integers(0, 10),
    st.booleans(),
    st.none() | st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    st.none() | st.integers(0, 3),
)


@given(cases, st.dates(date(2026, 1, 1), date(2027, 12, 31)))
@settings(max_examples=150, deadline=None)
def test_no_notice_for_what_is_settled_disputed_promised_or_was_reminded_so(case: Case, today: date):
    found = level_due(case, LADDER, today)
    if found is None:
        return
    assert case.remaining_minor > 0
    assert not case.is_disputed
    assert case.promised_on is None or case.promised_on < today
    assert case.last_level is None or case.last_level < found.level
    assert (today - case.due_on).days >= found.days_past_due


def test_a_level_is_listed_in_words() -> None:
    install_from(Path(branch_node.__file__).parent)
    shown = LevelsPage([], []).readable("Payment reminder: %(order)s, %(unknown)s")
    assert shown == "Payment reminder: [订单号], %(unknown)s"
    for _, _, *texts in DEFAULT_LEVELS:
        assert "%(" not in "".join(LevelsPage([], []).readable(text) for text in texts)
