"""The calendar feed: what is in it, that its address is a secret that ends, and whose rights it has."""

from datetime import date, time
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from branch_node.calendar import actions, queries
from branch_node.calendar.rules import Entry, calendar_text, time_of
from branch_node.followups.actions import plan_activity
from branch_node.followups.forms import PlanForm
from branch_node.plans.actions import add_item, finish_item
from branch_node.plans.rules import read_line
from shared import clock
from shared.database import Database
from shared.records import Employee
from shared.web.models import Account
from tests.support.cast import LIN, NOON, SHANGHAI, TODAY, WANG, acting, customer_of, hire

ZONE = ZoneInfo("Asia/Shanghai")


async def test_plans_and_follow_ups_of_the_person_stand_in_the_calendar(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        me = await Employee.get(id=LIN.id)
        customer = await customer_of(LIN, "华东机电", city="上海", address="浦东大道1号")
        await add_item(LIN.person, me, read_line("14:00 拜访"), customer_id=customer.id)
        done = await add_item(LIN.person, me, read_line("写报告"))
        await finish_item(LIN.person, done)
        await plan_activity(
            LIN.person, customer, PlanForm(customer_id=customer.id, subject="回访", planned_on=TODAY)
        )
        entries = await queries.entries_of(LIN.person, "https://sh.example/")
        assert await queries.entries_of(WANG.person, "") == []
    found = Calendar.from_ical(calendar_text("计划", entries, ZONE)).walk("VEVENT")
    by_title = {str(event["summary"]): event for event in found}
    assert set(by_title) == {"拜访 · 华东机电", "✓ 写报告", "回访 · 华东机电"}
    visit = by_title["拜访 · 华东机电"]
    assert visit["dtstart"].dt.astimezone(ZONE).time() == time(14)
    assert str(visit["location"]) == "上海 浦东大道1号"
    assert by_title["回访 · 华东机电"]["dtstart"].dt == TODAY
    assert str(by_title["回访 · 华东机电"]["url"]).startswith("https://sh.example/followups/")
    assert {len(event.walk("VALARM")) for event in found} == {0, 1}


async def test_an_address_is_a_secret_that_a_new_one_and_a_disabled_account_end(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        account = await Account.create(
            username="lin", display_name="林娜", person_id=LIN.id, created_at=clock.now()
        )
        first = await actions.new_address(LIN.person, account)
        assert (await queries.account_behind(first)) == account
        second = await actions.new_address(LIN.person, account)
        assert await queries.account_behind(first) is None
        assert await queries.account_behind("") is None
        feed = await queries.feed_of(account.id)
        assert feed is not None and second not in feed.token_hash
        await Account.filter(id=account.id).update(disabled_at=clock.now())
        assert await queries.account_behind(second) is None
        await actions.end_address(LIN.person, account)
        assert await queries.feed_of(account.id) is None


@given(
    st.text(max_size=200),
    st.text(max_size=40),
    st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    st.none() | st.times(),
)
def test_any_text_makes_a_calendar_that_is_read_back(
    title: str, place: str, day: date, at: time | None
) -> None:
    plain = "".join(char for char in title if char.isprintable())
    entry = Entry("u", plain, day, at.replace(microsecond=0) if at else None, NOON, place=place)
    [event] = Calendar.from_ical(calendar_text("x", [entry], ZONE)).walk("VEVENT")
    assert str(event["summary"]) == plain
    assert time_of("14:00") == time(14) and time_of("x") is None
