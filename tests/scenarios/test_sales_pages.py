"""Sales and money in a browser: an order typed by keys with live sums, approved by one key, paid with a live check, the
same without scripts, and every page looked at."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from branch_node.home import at_home
from branch_node.setup import APPS
from shared.database import open_database
from shared.records import RoleGrant
from tests.support.branch_site import PASSWORD, BranchSite, branch_site
from tests.support.browser import chromium, faults_in, policy_violations, window
from tests.support.databases import Templates, apart
from tests.support.sales_rows import SalesRows, write_sales
from tests.support.web_site import Served

pytestmark = pytest.mark.browser
__all__ = ["chromium"]

Site = tuple[BranchSite, str, SalesRows]


@pytest.fixture(scope="module")
def site(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with branch_site(templates, "sqlite", tmp_path_factory.mktemp("sales-pages")) as made:
        rows = apart(write_sales(made))
        apart(keep_products(made))
        with Served(made.app) as served:
            yield made, served.url, rows


async def keep_products(made: BranchSite) -> None:
    """No built-in role may change products; here the manager may."""
    async with open_database(made.settings.url_of_database, APPS):
        with at_home(made.settings.home):
            await RoleGrant.create(
                branch="SH", role_code="branch_manager", action="product.edit", scope="branch"
            )


def enter(page: Page, url: str, name: str) -> None:
    page.goto(f"{url}/sign-in")
    page.fill("[name=username]", name)
    page.fill("[name=password]", PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "/sign-in" not in page.url


def pick(page: Page, field: str, typed: str) -> None:
    """Choose the first offer for what is typed, by keys."""
    page.locator(f"#f-{field}").press_sequentially(typed)
    expect(page.locator(f"#f-{field}-list [role=option]").first).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator(f"input[name={field}]")).not_to_have_value("")


def test_an_order_is_typed_with_live_sums_and_approved_by_one_key(chromium: Browser, site: Site) -> None:
    _made, url, _rows = site
    with window(chromium) as page:
        enter(page, url, "lin")
        page.goto(f"{url}/orders/new")
        pick(page, "customer_id", "hdjd")
        pick(page, "line-0-product_id", "m-20")
        page.fill("#f-line-0-quantity", "10")
        page.fill("#f-line-0-discount", "12")
        page.fill("#f-discount", "2")
        page.fill("#f-tax", "13")
        page.keyboard.press("Tab")
        expect(page.locator("#sums")).to_contain_text("above your limit of 10.0%")
        expect(page.locator("#sums")).to_contain_text("12,181.40")
        expect(page.locator("#f-line-0-discount")).to_have_value("12")
        with page.expect_navigation():
            page.keyboard.press("Control+Enter")
        order = page.url
        assert re.search(r"/orders/[0-9a-f-]{36}$", order)
        with page.expect_navigation():
            page.get_by_role("button", name="Submit for approval").click()
        expect(page.locator(".ops-toast")).to_be_visible()
        assert policy_violations(page) == []
    with window(chromium) as page:
        enter(page, url, "sun")
        page.goto(f"{url}/approvals")
        page.locator("tr, li", has_text="12,181.40").get_by_role("link").first.click()
        page.wait_for_url("**/approvals/*")
        with page.expect_navigation():
            page.keyboard.press("a")
        page.goto(order)
        expect(page.locator("[data-status=approved]").first).to_be_visible()
        assert policy_violations(page) == []


def test_a_receipt_is_checked_by_the_server_while_it_is_typed(chromium: Browser, site: Site) -> None:
    _made, url, _rows = site
    with window(chromium) as page:
        enter(page, url, "wang")
        page.goto(f"{url}/receipts/new")
        pick(page, "customer_id", "hdjd")
        page.fill("#f-amount", "100")
        page.keyboard.press("Tab")
        box = page.locator("#allotment input").first
        expect(box).to_have_value("100.00")
        expect(box).to_have_attribute("readonly", "")
        page.get_by_text("By hand").click()
        expect(box).not_to_have_attribute("readonly", "")
        box.fill("100.01")
        page.keyboard.press("Tab")
        expect(page.locator("#allotment .ops-error, #allotment .ops-tone-bad").first).to_be_visible()
        box.fill("60")
        page.keyboard.press("Tab")
        expect(page.locator("#allotment .ops-sentence")).to_contain_text("40.00")
        with page.expect_navigation():
            page.keyboard.press("Control+Enter")
        expect(page.locator("main")).to_contain_text("60.00")
        assert re.search(r"/receipts/[0-9a-f-]{36}$", page.url)
        assert policy_violations(page) == []


def test_a_receipt_is_worked_out_and_saved_without_scripts(chromium: Browser, site: Site) -> None:
    _made, url, _rows = site
    with window(chromium, scripts=False) as page:
        enter(page, url, "wang")
        page.goto(f"{url}/receipts/new")
        page.fill("#f-customer_id", "华东机电有限公司")
        page.fill("#f-amount", "80")
        page.click("text=Work out what it pays")
        expect(page.locator("#allotment input").first).to_have_value("80.00")
        page.click("text=Save receipt")
        expect(page.locator("main")).to_contain_text("80.00")
        assert re.search(r"/receipts/[0-9a-f-]{36}$", page.url)


def write_credit_note(page: Page, url: str, amount: str) -> None:
    """Of the customer with most overdue, up to the button."""
    page.goto(f"{url}/receivables")
    page.locator("main tbody a").first.click()
    page.locator("main tbody a").first.click()
    page.get_by_text("Credit note or write-off").click()
    page.fill("form[action$='/adjust'] [name=amount]", amount)
    page.fill("form[action$='/adjust'] [name=reason]", "Goods came back wet.")


def test_a_credit_note_of_too_much_is_refused_beside_its_amount(chromium: Browser, site: Site) -> None:
    _made, url, _rows = site
    with window(chromium) as page:
        enter(page, url, "wang")
        write_credit_note(page, url, "99999999")
        page.get_by_role("button", name="Record it").click()
        box = page.locator("form[action$='/adjust'] [name=amount]")
        expect(box).to_have_attribute("aria-invalid", "true")
        expect(page.locator("form[action$='/adjust']")).to_contain_text("Lower the amount.")
        expect(page.locator("form[action$='/adjust'] [name=reason]")).to_have_value("Goods came back wet.")


def test_back_from_a_refused_form_finds_what_was_written(chromium: Browser, site: Site) -> None:
    _made, url, _rows = site
    with window(chromium) as page:
        enter(page, url, "wang")
        write_credit_note(page, url, "5")
        page.locator("form[action$='/adjust'] [name=csrf]").evaluate("box => { box.value = 'of yesterday'; }")
        page.get_by_role("button", name="Record it").click()
        page.locator(".ops-error-page").get_by_role("link", name="Back").click()
        expect(page.locator("form[action$='/adjust'] [name=reason]")).to_be_visible()
        expect(page.locator("form[action$='/adjust'] [name=reason]")).to_have_value("Goods came back wet.")
        assert policy_violations(page) == []


def name_of(step: str) -> str:
    """The first line of a step without the word for its state."""
    return step.split("\n")[0].rsplit(" ", 1)[0]


def test_a_step_is_done_in_one_click_and_moved_from_its_menu(chromium: Browser, site: Site) -> None:
    _made, url, rows = site
    with window(chromium) as page:
        enter(page, url, "lin")
        page.goto(f"{url}/orders/{rows.order}")
        steps = page.locator("#steps .ops-rows > li")
        before = [name_of(text) for text in steps.all_inner_texts()]
        steps.nth(1).locator("summary").click()
        with page.expect_navigation():
            steps.nth(1).get_by_role("button", name="Move up").click()
        after = [name_of(text) for text in steps.all_inner_texts()]
        assert after[:2] == before[:2][::-1]
        done = page.locator("#steps [data-status=done]")
        count = done.count()
        with page.expect_navigation():
            page.locator("#steps").get_by_role("button", name=re.compile("^Done")).first.click()
        expect(done).to_have_count(count + 1)
        assert policy_violations(page) == []


def lin_pages(rows: SalesRows) -> list[str]:
    return [
        "/orders", "/orders/new", f"/orders/{rows.order}", f"/orders/{rows.draft}", f"/orders/{rows.waiting}",
        f"/orders/{rows.draft}/edit", "/quotes", "/quotes/new",
        f"/quotes/{rows.quotation}", f"/quotes/{rows.quotation}/edit", "/approvals", f"/approvals/{rows.request}",
        "/products", f"/products/{rows.product}", "/receivables", f"/receivables/{rows.receivable}", "/expenses",
        "/expenses/new", f"/expenses/{rows.expense}",
    ]  # fmt: skip


def wang_pages(rows: SalesRows) -> list[str]:
    return [
        "/receipts", "/receipts/new", f"/receipts/new?order={rows.order}", f"/receipts/{rows.receipt}",
        f"/receipts/{rows.receipt}/reverse", "/receivables", "/receivables?by=customer",
        f"/receivables/{rows.receivable}", f"/receivables/customers/{rows.customer}",
        f"/receivables/adjustments/{rows.adjustment}/reverse", "/expenses", "/income", "/approvals",
    ]  # fmt: skip


def ma_pages(rows: SalesRows) -> list[str]:
    return [
        "/approvals", f"/approvals/{rows.request}", "/orders", f"/orders/{rows.order}", f"/orders/{rows.draft}/cancel",
        "/income", f"/expenses/{rows.expense}", "/receivables", "/products", "/products/new",
        f"/products/{rows.product}", f"/products/{rows.product}/edit",
    ]  # fmt: skip


PAGES = {"lin": lin_pages, "wang": wang_pages, "ma": ma_pages}
# Each language in two of the four looks, the first of another width; a page is loaded once for both.
LOOKS = {"zh-CN": [("light", 1280), ("dark", 375)], "en-GB": [("light", 375), ("dark", 1280)]}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("locale", LOOKS)
def test_every_page_fits_and_passes_axe(name: str, locale: str, chromium: Browser, site: Site) -> None:
    _made, url, rows = site
    faults = []
    with window(chromium, locale=locale, for_axe=True) as page:
        enter(page, url, name)
        wanted = "zh-Hans" if locale == "zh-CN" else "en"
        if page.get_attribute("html", "lang") != wanted:
            with page.expect_navigation():
                page.click("form[action='/language'] button")
        for path in PAGES[name](rows):
            answer = page.goto(url + path)
            assert answer is not None
            assert answer.status == 200, path
            assert "/sign-in" not in page.url
            faults += [f"{path}: {fault}" for fault in faults_in(page, LOOKS[locale])]
    assert faults == []
