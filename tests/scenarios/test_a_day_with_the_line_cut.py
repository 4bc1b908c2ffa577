"""A day in Shanghai with the line to headquarters cut, seen from both ends in a real browser.

Lin plans, Zhao approves an order, Wang records a receipt while the line is cut; Chen's open page keeps the figure of before
and says how complete it is; when the line is back the page changes by itself, once.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.support.browser import chromium, wait_in_page, window
from tests.support.databases import ENGINES
from tests.support.processes import SiteProcess, wait_until
from tests.support.world import PASSWORD, World, company

__all__ = ["chromium"]
pytestmark = [pytest.mark.browser, pytest.mark.slow]

CARD = "[data-figure='receipts'] .ops-figure-value, [data-figure='received'] .ops-figure-value"
NOTE_CHANGES = """selector => {
  window.seen = [];
  const look = () => {
    const found = document.querySelector(selector);
    const text = found && (found.title || found.textContent.trim());
    if (text && window.seen[window.seen.length - 1] !== text) window.seen.push(text);
  };
  look();
  new MutationObserver(look).observe(document.body, {subtree: true, childList: true, characterData: true, attributes: true});
}"""
OWED = (
    "SELECT customer_id, SUM(amount_minor - received_minor - credited_minor - written_off_minor) AS rest FROM receivable "
    "WHERE cancelled_on IS NULL AND currency = 'CNY' GROUP BY customer_id ORDER BY rest DESC LIMIT 1"
)


@contextmanager
def signed_in(browser: Browser, site: SiteProcess, username: str) -> Iterator[Page]:
    """A window of somebody who has signed in."""
    with window(browser) as page:
        page.goto(f"{site.url}/sign-in")
        page.fill("input[name=username]", username)
        page.fill("input[name=password]", PASSWORD)
        page.press("input[name=password]", "Enter")
        page.wait_for_url(lambda url: "/sign-in" not in url)
        yield page


def write_a_plan_line(page: Page, branch: SiteProcess, text: str) -> None:
    page.goto(f"{branch.url}/")
    page.fill("input[name=line]", text)
    page.press("input[name=line]", "Enter")
    page.get_by_text(text).first.wait_for()


def approve_the_first_order(page: Page, branch: SiteProcess) -> None:
    waiting = branch.one(
        "SELECT count(*) AS n FROM approval_request WHERE status = 'waiting' AND entity = 'order'"
    )
    page.goto(f"{branch.url}/approvals")
    for link in page.locator("table a").all():
        page.goto(branch.url + str(link.get_attribute("href")))
        button = page.locator("button[name=verdict][value=approve]")
        if button.count():
            button.click()
            page.wait_for_load_state()
            break
        page.goto(f"{branch.url}/approvals")
    left = branch.one(
        "SELECT count(*) AS n FROM approval_request WHERE status = 'waiting' AND entity = 'order'"
    )
    assert left == waiting - 1, "one order was approved"


def record_a_receipt(page: Page, branch: SiteProcess, amount: str) -> None:
    customer = branch.rows(OWED)[0]["customer_id"]
    before = branch.one("SELECT count(*) AS n FROM receipt")
    page.goto(f"{branch.url}/receipts/new?customer={customer}")
    page.fill("input[name=amount]", amount)
    page.locator("form[action='/receipts'] button[data-save]").click()
    wait_until(
        lambda: branch.one("SELECT count(*) AS n FROM receipt") == before + 1, 15, "the receipt is recorded"
    )


def play(world: World, browser: Browser) -> None:
    branch = world.branch("SH")
    with ExitStack() as stack:
        chen, lin, zhao, wang = (
            stack.enter_context(signed_in(browser, site, name))
            for site, name in ((world.hq, "chen"), (branch, "lin"), (branch, "zhao"), (branch, "wang"))
        )
        chen.goto(f"{world.hq.url}/")
        chen.evaluate(NOTE_CHANGES, CARD)
        old = chen.evaluate("window.seen")
        assert len(old) == 1

        world.line("SH").cut()
        write_a_plan_line(lin, branch, "visit the harbour office")
        approve_the_first_order(zhao, branch)
        record_a_receipt(wang, branch, "1234.56")
        chen.wait_for_timeout(2_000)
        assert chen.evaluate("window.seen") == old, "nothing can have arrived"
        assert chen.locator(".ops-figure-mark").first.inner_text().strip(), (
            "the figure says how complete it is"
        )

        world.line("SH").mend()
        world.wait_synced()
        wait_in_page(chen, "window.seen.length > 1", seconds=20)
        chen.wait_for_timeout(3_000)
        seen = chen.evaluate("window.seen")
        assert len(seen) == 2, f"the page changed once, not {seen}"
        chen.reload()
        assert chen.evaluate("s => { const e = document.querySelector(s); return e.title || e.textContent.trim() }", CARD) == seen[1]  # fmt: skip
    world.wait_equal("SH")
    assert world.is_proved()


@pytest.mark.parametrize("engine", ENGINES)
def test_the_executives_page_waits_for_the_line_and_then_changes_once(
    engine: str, chromium: Browser, tmp_path: Path
) -> None:
    with company(["SH"], folder=tmp_path, hq_engine=engine) as world:
        world.wait_synced()
        play(world, chromium)
