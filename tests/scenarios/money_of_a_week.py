"""The money half of a branch's week in the browser: a quote in two rounds, a discount that the deputy allows, the order, part
payment, reminders, a promise and what happens when it is broken."""

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from branch_node.dunning.jobs import dun
from shared.clock import FixedClock
from shared.records import Allocation, DunningNotice, Order, PromiseToPay, Quotation, Receivable
from tests.support.cast import SUN, ZHOU

Read = Callable[[Callable[[], Any]], Any]


def press(page: Page, action: str) -> None:
    """The button of the form that posts to an address with this end."""
    with page.expect_navigation():
        page.locator(f"form[action$='{action}'] button").first.click()


def pick(page: Page, field: str, typed: str) -> None:
    """The first offer for what is typed."""
    page.fill(f"#f-{field}", typed)
    page.locator(f"#f-{field}-list [role=option]").first.click()
    expect(page.locator(f"input[name={field}]")).not_to_have_value("")


def save(page: Page, wanted: str) -> str:
    """Ctrl+Enter; the id in the address of the page that follows."""
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile(rf"/{wanted}/[0-9a-f-]{{36}}$"))
    return str(page.url.rpartition("/")[2])


def the_manager_names_a_deputy(sun: Any) -> None:
    """Sun is away this week: Zhou stands in for him."""
    with sun.open(f"/staff/{SUN.id}") as page:
        page.locator("details", has=page.locator("#f-deputy_id")).locator("summary").click()
        pick(page, "deputy_id", ZHOU.name)
        page.fill("#f-from_on", "today")
        page.fill("#f-until_on", "+7")
        press(page, "/deputies")


def a_quote_goes_two_rounds(lin: Any, zhou: Any, customer: str, read: Read) -> None:
    """At the seller's own limit first; the second round is above it, goes to the deputy and comes back allowed."""
    with lin.open(f"/quotes/new?customer={customer}") as page:
        page.fill("#f-line-0-text", "电机 M-20")
        page.fill("#f-line-0-quantity", "20")
        page.fill("#f-line-0-list_price", "6,000")
        page.fill("#f-discount", "8")
        first = save(page, "quotes")
        press(page, "/send")
        press(page, "/round")
        page.wait_for_url(re.compile(r"/quotes/[0-9a-f-]{36}(/edit)?$"))
        second = re.findall(r"[0-9a-f-]{36}", page.url)[0]
        assert second != first
        page.goto(f"{lin.url}/quotes/{second}/edit")
        page.fill("#f-discount", "15")
        save(page, "quotes")
        expect(page.locator("main")).to_contain_text("10.0%")
        assert page.locator("form[action$='/send']").count() == 0
        press(page, "/submit")
    the_deputy_approves(zhou)
    with lin.open(f"/quotes/{second}") as page:
        press(page, "/send")
        press(page, "/accept")
        page.wait_for_url(re.compile(r"/orders/[0-9a-f-]{36}$"))
        expect(page.locator("main")).to_contain_text("102,000.00")
        press(page, "/submit")
    the_deputy_approves(zhou)
    rounds = read(lambda: Quotation.filter(customer_id=customer).order_by("round"))
    assert [(row.round, row.status) for row in rounds] == [(1, "superseded"), (2, "accepted")]
    assert read(lambda: Order.get(customer_id=customer)).status == "approved"


def the_deputy_approves(zhou: Any) -> None:
    with zhou.open("/approvals") as page:
        page.locator("main tr, main li", has_text="102,000.00").get_by_role("link").first.click()
        page.wait_for_url("**/approvals/*")
        expect(page.locator("main")).to_contain_text(SUN.name)
        with page.expect_navigation():
            page.keyboard.press("a")


def a_part_is_paid(wang: Any, read: Read) -> str:
    """40,000 of 102,000 comes in and pays the oldest instalment; the id of what is still owed."""
    with wang.open("/receipts/new") as page:
        pick(page, "customer_id", "新潮电机厂")
        page.fill("#f-amount", "4万")
        page.keyboard.press("Tab")
        expect(page.locator("#allotment input").first).to_have_value("40,000.00")
        save(page, "receipts")
    paid = read(Allocation.get)
    owed = read(lambda: Receivable.get(id=paid.receivable_id))
    assert owed.amount_minor - owed.received_minor == 6_200_000
    return str(owed.id)


def it_is_reminded_of(wang: Any, owed: str, now: FixedClock, read: Read) -> None:
    """A week past the due day finance sends the reminder that the list proposes."""
    due = read(lambda: Receivable.get(id=owed)).due_on
    now.advance(days=(due - now.now().date()).days + 8)
    with wang.open("/dunning") as page:
        row = page.locator("main tr", has_text="新潮电机厂")
        expect(row).to_contain_text("62,000.00")
        row.get_by_role("checkbox").check()
        with page.expect_navigation():
            page.locator("[formaction$='/dunning/remind']").click()
        expect(page.locator("main")).to_contain_text("62,000.00")
        with page.expect_navigation():
            page.locator("main form button.btn-primary, main form button.ops-danger").first.click()
        page.goto(f"{wang.url}/receivables/{owed}")
        expect(page.locator("#dunning")).to_contain_text("62,000.00")
    notice = read(DunningNotice.get)
    assert (notice.level, notice.channel) == (1, "none")


def a_promise_is_broken(wang: Any, lin: Any, owed: str, now: FixedClock, read: Read) -> None:
    """The customer names a day on the telephone; it passes, the owner is told and the next reminder may go."""
    with wang.open(f"/receivables/{owed}") as page:
        press(page, "/call")
        page.locator("#dunning details", has=page.locator("#f-promise-promised_on")).locator(
            "summary"
        ).click()
        page.fill("#f-promise-promised_on", "+3")
        press(page, "/promise")
        expect(page.locator("#dunning [data-status=promise_open]")).to_be_visible()
    now.advance(days=4)
    read(dun)
    assert read(PromiseToPay.get).status == "broken"
    with lin.open("/notifications") as page:
        expect(page.locator("main")).to_contain_text("新潮电机厂")
        page.locator("main li", has_text="新潮电机厂").filter(has_text="62,000.00").locator(
            "button"
        ).first.click()
        page.wait_for_url(f"**/receivables/{owed}")
        expect(page.locator("#dunning [data-status=promise_broken]")).to_be_visible()
