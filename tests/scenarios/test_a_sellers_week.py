"""A branch's week in a real browser: plan, visit, opportunity, complaint, a decision from headquarters, quote and order, money
that comes late (money_of_a_week.py), and the seller leaves. In Chinese on SQLite and in English on PostgreSQL; the clock steps from day to day."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from branch_node.home import at_home
from shared import clock
from shared.clock import FixedClock
from shared.records import Activity, Customer, DirectiveReceipt, Feedback, Opportunity, Task
from tests.scenarios.money_of_a_week import (
    a_part_is_paid,
    a_promise_is_broken,
    a_quote_goes_two_rounds,
    it_is_reminded_of,
    the_manager_names_a_deputy,
)
from tests.support.branch_site import PASSWORD, BranchSite, branch_site
from tests.support.browser import chromium, policy_violations, window
from tests.support.cast import LIN, NOON, SUN
from tests.support.databases import Templates
from tests.support.web_site import Served, in_app

pytestmark = pytest.mark.browser
__all__ = ["chromium"]

WORDS = {
    "zh": {"submitted": "已提交", "same": "电话相同", "to": "移到需求确认", "ack": "确认", "answered": "已答复"},
    "en": {
        "submitted": "submitted", "same": "same telephone", "to": "To needs", "ack": "Acknowledge",
        "answered": "answered",
    },
}  # fmt: skip


class Desk:
    """One of the cast in front of the site, in one language; signs in each morning and stays so for the day."""

    def __init__(self, browser: Browser, url: str, name: str, language: str) -> None:
        self.browser, self.url, self.name, self.language = browser, url, name, language
        self.day: date | None = None
        self.session: list[Any] = []

    @contextmanager
    def open(self, path: str = "/") -> Iterator[Page]:
        with window(self.browser) as page:
            if self.day == clock.now().date():
                page.context.add_cookies(self.session)
            else:
                self.sign_in(page)
            page.goto(self.url + path)
            yield page
            assert policy_violations(page) == []

    def sign_in(self, page: Page) -> None:
        page.goto(f"{self.url}/sign-in")
        page.fill("[name=username]", self.name)
        page.fill("[name=password]", PASSWORD)
        with page.expect_navigation():
            page.keyboard.press("Enter")
        if page.evaluate("document.documentElement.lang")[:2] != self.language:
            with page.expect_navigation():
                page.click("form[action='/language'] button")
        self.day, self.session = clock.now().date(), page.context.cookies()


@pytest.mark.parametrize(("engine", "language"), [("sqlite", "zh"), ("postgres", "en")])
def test_a_week_of_a_branch(
    chromium: Browser, templates: Templates, tmp_path: Path, engine: str, language: str
) -> None:
    word = WORDS[language]
    with (
        clock.use(FixedClock(NOON)) as now,
        branch_site(templates, engine, tmp_path) as site,
        Served(site.app) as served,
    ):
        names = ("lin", "sun", "he", "zhou", "wang")
        lin, sun, he, zhou, wang = (Desk(chromium, served.url, name, language) for name in names)
        plan_the_day(lin, sun, word)
        customer = a_customer_is_visited(lin, word)
        a_chance_is_followed(lin, customer, word)
        a_decision_is_acknowledged(lin, site, word)
        close_the_day(lin)
        now.advance(days=1)
        what_was_left_is_taken_up(lin)
        a_complaint_is_answered(lin, sun, site, word)
        the_manager_names_a_deputy(sun)
        read = partial(in_branch, site)
        a_quote_goes_two_rounds(lin, zhou, customer, read)
        owed = a_part_is_paid(wang, read)
        it_is_reminded_of(wang, owed, now, read)
        a_promise_is_broken(wang, lin, owed, now, read)
        the_seller_leaves(he, sun, site)


def plan_the_day(lin: Desk, sun: Desk, word: dict[str, str]) -> None:
    """Monday: three lines and Ctrl+Enter; the manager sees it."""
    with lin.open() as page:
        for line in ("9:00 #call 对账 @hdjd", "10:30 #visit 拜访新客户", "写周报 !!"):
            before = page.locator(".ops-plan > li").count()
            expect(page.locator("#plan-line")).to_be_focused()
            page.keyboard.type(line)
            page.keyboard.press("Escape")
            page.keyboard.press("Enter")
            expect(page.locator(".ops-plan > li")).to_have_count(before + 1)
        expect(page.locator(".ops-plan > li", has_text="对账")).to_contain_text("华东机电有限公司")
        with page.expect_navigation():
            page.keyboard.press("Control+Enter")
    with sun.open("/team") as page:
        expect(page.locator("#team-live tr", has_text="林娜")).to_contain_text(word["submitted"])


def a_customer_is_visited(lin: Desk, word: dict[str, str]) -> str:
    """A new customer, told apart from one that is there; the visit recorded finishes the plan's line by itself."""
    with lin.open("/customers/new") as page:
        page.fill("#f-name", "新潮电机厂")
        page.fill("#f-phone", "021 5800 1234")
        page.keyboard.press("Tab")
        expect(page.locator("#duplicates")).to_contain_text(word["same"])
        page.fill("#f-phone", "021 6600 7788")
        page.keyboard.press("Control+Enter")
        page.wait_for_url(re.compile(r"/customers/[0-9a-f-]{36}$"))
        customer = page.url.rpartition("/")[2]
        page.goto(f"{lin.url}/")
        expect(page.locator("#plan-line")).to_be_focused()
        page.keyboard.type("11:00 #visit 看样品 @新潮电机厂")
        page.keyboard.press("Escape")
        page.keyboard.press("Enter")
        expect(page.locator(".ops-plan > li", has_text="看样品")).to_contain_text("新潮电机厂")
        page.goto(f"{lin.url}/followups/new?customer={customer}")
        page.select_option("#f-kind", "visit")
        page.fill("#f-subject", "看了样品，要报价")
        page.fill("#f-next_on", "+3")
        with page.expect_navigation():
            page.keyboard.press("Control+Enter")
        page.goto(f"{lin.url}/")
        row = page.locator(".ops-plan > li", has_text="看样品")
        row.get_by_role("button", name="看了样品").click()
        expect(row.locator("[data-status=done]")).to_be_visible()
    return customer


def a_chance_is_followed(lin: Desk, customer: str, word: dict[str, str]) -> None:
    """An opportunity goes to the next column by the menu of its card, and back by a key, and by dragging."""
    with lin.open(f"/opportunities/new?customer={customer}") as page:
        page.fill("#f-title", "电机二十台")
        page.fill("#f-amount", "12万")
        page.keyboard.press("Control+Enter")
        page.wait_for_url(re.compile(r"/opportunities/[0-9a-f-]{36}$"))
        page.goto(f"{lin.url}/opportunities")
        card = page.locator(".ops-deal", has_text="电机二十台")
        card.locator("summary").click()
        with page.expect_navigation():
            card.get_by_role("button", name=word["to"]).click()
        expect(page.locator("[data-stage=needs] .ops-deal")).to_contain_text("¥120,000.00")
        card.locator("summary").focus()
        with page.expect_navigation():
            page.keyboard.press("Alt+ArrowRight")
        expect(page.locator("[data-stage=proposal] .ops-deal")).to_contain_text("电机二十台")
        with page.expect_navigation():
            page.drag_and_drop(".ops-deal:has-text('电机二十台') .ops-hint", "[data-stage=negotiation]")
        expect(page.locator("[data-stage=negotiation] .ops-deal")).to_contain_text("电机二十台")


def a_decision_is_acknowledged(lin: Desk, site: BranchSite, word: dict[str, str]) -> None:
    with lin.open("/directives") as page:
        page.get_by_role("link", name="年底盘点安排").click()
        page.fill("#f-note", "收到，本周完成")
        with page.expect_navigation():
            page.get_by_role("button", name=word["ack"], exact=True).click()
    receipt = in_branch(site, lambda: DirectiveReceipt.get(employee_id=LIN.id))
    assert (receipt.status, receipt.note) == ("acknowledged", "收到，本周完成")


def close_the_day(lin: Desk) -> None:
    with lin.open() as page:
        page.locator("details", has=page.locator("#plan-note")).locator("summary").click()
        page.fill("#plan-note", "客户要报价")
        with page.expect_navigation():
            page.locator("form[action='/plan/close'] button").click()
        expect(page.locator("[data-status=closed]").first).to_be_visible()


def what_was_left_is_taken_up(lin: Desk) -> None:
    """Tuesday: what was not done waits on top, with one click for all."""
    with lin.open() as page:
        page.locator("form[action='/plan/keep-all'] button").click()
        expect(page.locator(".ops-plan > li", has_text="写周报")).to_be_visible()
        expect(page.locator("form[action='/plan/keep-all']")).to_have_count(0)


def a_complaint_is_answered(lin: Desk, sun: Desk, site: BranchSite, word: dict[str, str]) -> None:
    """Typed in one line while the customer is on the phone, given to somebody, answered, closed."""
    with lin.open("/feedback") as page:
        page.fill("#f-line", "样品有划痕 @新潮电机厂 #投诉 !!")
        page.keyboard.press("Escape")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        expect(page.locator("#feedback")).to_contain_text("样品有划痕")
    row = in_branch(site, lambda: Feedback.get(subject="样品有划痕"))
    assert (row.kind, row.level, row.customer_id is None) == ("complaint", "high", False)
    with sun.open(f"/feedback/{row.id}") as page:
        page.fill("#f-to_id", "林娜")
        page.locator("#f-to_id-list [role=option]", has_text="林娜").click()
        with page.expect_navigation():
            page.locator("form[action$='/assign'] button").click()
    with lin.open(f"/feedback/{row.id}") as page:
        page.fill("#f-answer", "明天换新样品")
        with page.expect_navigation():
            page.locator("form[action$='/answer'] button").click()
        expect(page.locator("main")).to_contain_text(word["answered"])
    with sun.open(f"/feedback/{row.id}") as page, page.expect_navigation():
        page.locator("form[action$='/close'] button").click()
    assert in_branch(site, lambda: Feedback.get(id=row.id)).status == "closed"


def the_seller_leaves(he: Desk, sun: Desk, site: BranchSite) -> None:
    """Friday: the account is closed; the manager hands over all customers and what is open, with a record."""
    with he.open(f"/staff/{LIN.id}/leave") as page:
        page.fill("#f-left_on", "today")
        with page.expect_navigation():
            page.locator("form[action$='/leave'] button.ops-danger").click()
    with sun.open(f"/customers/hand-over?from={LIN.id}") as page:
        page.fill("#f-to_id", "孙伟")
        page.locator("#f-to_id-list [role=option]", has_text="孙伟").click()
        with page.expect_navigation():
            page.keyboard.press("Control+Enter")
        expect(page.locator("main")).to_contain_text("孙伟")
        expect(page.locator("main")).to_contain_text("林娜")

    async def left() -> list[int]:
        return [
            await Customer.filter(owner_id=LIN.id, deleted_at=None).count(),
            await Task.filter(employee_id=LIN.id, status__in=["open", "accepted"]).count(),
            await Activity.filter(owner_id=LIN.id, status="planned").count(),
            await Opportunity.filter(owner_id=LIN.id, closed_on=None).count(),
        ]

    assert in_branch(site, left) == [0, 0, 0, 0]
    assert in_branch(site, lambda: Activity.filter(owner_id=LIN.id, status="done").count()) >= 1
    assert in_branch(site, lambda: Opportunity.get(title="电机二十台")).owner_id == SUN.id


def in_branch(site: BranchSite, work):
    """Run a read inside the site's database and home."""

    async def run():
        with at_home(site.settings.home):
            return await work()

    return in_app(site.app, run)
