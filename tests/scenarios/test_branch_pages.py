"""The branch's pages in a browser: a plan typed without touching the mouse, and every page looked at."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.branch_site import PASSWORD, BranchSite, branch_site
from tests.support.browser import chromium, faults_in, policy_violations, window
from tests.support.databases import Templates
from tests.support.web_site import Served

pytestmark = pytest.mark.browser
__all__ = ["chromium"]


@pytest.fixture(scope="module")
def site(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[BranchSite, str]]:
    with (
        branch_site(templates, "sqlite", tmp_path_factory.mktemp("pages")) as made,
        Served(made.app) as served,
    ):
        yield made, served.url


def enter(page: Page, url: str, name: str) -> None:
    page.goto(f"{url}/sign-in")
    page.fill("[name=username]", name)
    page.fill("[name=password]", PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "/sign-in" not in page.url


def test_five_lines_and_the_plan_is_submitted_with_six_keys(
    chromium: Browser, site: tuple[BranchSite, str]
) -> None:
    with window(chromium) as page:
        enter(page, site[1], "ma")
        expect(page.locator("#plan-line")).to_be_focused()
        for number in range(5):
            page.keyboard.type(f"{9 + number}:00 thing {number}")
            page.keyboard.press("Enter")
            expect(page.locator(".ops-plan > li")).to_have_count(number + 1)
            expect(page.locator("#plan-line")).to_be_focused()
            expect(page.locator("#plan-line")).to_have_value("")
        with page.expect_navigation():
            page.keyboard.press("Control+Enter")
        expect(page.locator("[data-status=submitted]").first).to_be_visible()
        assert policy_violations(page) == []


def test_a_line_is_ordered_by_keys_and_done_in_one_click(
    chromium: Browser, site: tuple[BranchSite, str]
) -> None:
    with window(chromium) as page:
        enter(page, site[1], "sun")
        for text in ("apples", "pears"):
            expect(page.locator("#plan-line")).to_be_focused()
            page.keyboard.type(text)
            page.keyboard.press("Enter")
            expect(page.locator(".ops-plan > li", has_text=text)).to_be_visible()
        page.locator(".ops-plan > li", has_text="pears").get_by_role("button", name="Done: pears").focus()
        page.keyboard.press("Alt+ArrowUp")
        expect(page.locator(".ops-plan > li").first).to_contain_text("pears")
        page.get_by_role("button", name="Done: apples").click()
        expect(
            page.locator(".ops-plan > li", has_text="apples").locator("[data-status=done]")
        ).to_be_visible()


def test_a_customer_is_offered_after_the_at_sign(chromium: Browser, site: tuple[BranchSite, str]) -> None:
    with window(chromium) as page:
        enter(page, site[1], "lin")
        expect(page.locator("#plan-line")).to_be_focused()
        page.keyboard.type("16:00 #call 对账 @hdjd")
        expect(page.locator("#plan-suggest [role=option]", has_text="华东机电")).to_be_visible()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page.locator("#plan-line")).to_have_value("16:00 #call 对账 @华东机电有限公司 ")
        page.keyboard.press("Enter")
        row = page.locator(".ops-plan > li", has_text="16:00")
        expect(row).to_contain_text("华东机电有限公司")
        expect(row).to_contain_text("call")


def test_what_was_typed_survives_a_reload(chromium: Browser, site: tuple[BranchSite, str]) -> None:
    with window(chromium) as page:
        enter(page, site[1], "zhou")
        expect(page.locator("#plan-line")).to_be_focused()
        page.keyboard.type("not sent yet")
        page.reload()
        expect(page.locator("#plan-line")).to_have_value("not sent yet")


def test_a_duplicate_is_told_while_the_form_is_filled_in(
    chromium: Browser, site: tuple[BranchSite, str]
) -> None:
    with window(chromium) as page:
        enter(page, site[1], "lin")
        page.goto(f"{site[1]}/customers/new")
        page.fill("#f-phone", "+86 21 5800 1234")
        page.keyboard.press("Tab")
        expect(page.locator("#duplicates")).to_contain_text("华东机电有限公司")
        expect(page.locator("#duplicates")).to_contain_text("same telephone")


def test_a_plan_is_made_and_closed_without_scripts(chromium: Browser, site: tuple[BranchSite, str]) -> None:
    with window(chromium, scripts=False) as page:
        enter(page, site[1], "wang")
        page.fill("#plan-line", "reconcile the bank")
        page.click("text=Add")
        page.get_by_role("button", name="Done: reconcile the bank").click()
        expect(page.locator("details", has_text="Close my day")).to_have_attribute("open", "")
        page.get_by_role("button", name="Close my day").click()
        assert "Planned 1 = done 1 + carried over 0 + cancelled 0" in re.sub(
            r"\s+", " ", page.inner_text("main")
        )


def test_the_language_reaches_the_whole_page(chromium: Browser, site: tuple[BranchSite, str]) -> None:
    """No English sentence stands on a Chinese page; names, codes and units may."""
    allowed = {
        "English",
        "https",
        "CSV",
        "XLSX",
        "API",
        "A",
        "B",
        "C",
        "SH",
        "CNY",
        "v",
        "Enter",
        "Ctrl",
        "lin",
        "he",
    }
    with window(chromium, locale="zh-CN") as page:
        enter(page, site[1], "lin")
        page.click("form[action='/language'] button")
        for path in LIN_PAGES(site[0]):
            page.goto(site[1] + path)
            words = set(re.findall(r"[A-Za-z]{2,}", page.inner_text("main"))) - allowed
            assert not {word for word in words if word.islower() and len(word) > 3}, (path, words)
        page.click("form[action='/language'] button")


def LIN_PAGES(made: BranchSite) -> list[str]:
    rows = made.rows
    return [
        "/", "/customers", "/customers/new", f"/customers/{rows.customer}", f"/customers/{rows.customer}?tab=audit",
        f"/customers/{rows.customer}/edit", f"/customers/{rows.customer}/contacts/new",
        f"/customers/{rows.customer}/addresses/new", "/followups", "/followups?view=done",
        f"/followups/new?customer={rows.customer}", "/followups/new?plan=1", f"/followups/{rows.planned}", "/tasks",
        "/tasks/new", f"/tasks/{rows.task}", "/feedback", "/feedback/new", f"/feedback/{rows.feedback}", "/intel",
        f"/intel/{rows.note}", "/team", f"/plan/items/{rows.item}", "/plan", "/opportunities", f"/opportunities/{rows.opportunity}",
        f"/directives/{rows.directive}", "/customers/targets",
    ]  # fmt: skip


def HE_PAGES(made: BranchSite) -> list[str]:
    rows = made.rows
    return [
        "/staff", "/staff/new", f"/staff/{rows.employee}", f"/staff/{rows.employee}/leave", "/departments",
        "/departments/new", f"/departments/{rows.department}", "/roles", "/roles/salesperson", "/settings/fields",
    ]  # fmt: skip


def MA_PAGES(made: BranchSite) -> list[str]:
    rows = made.rows
    return [
        "/team",
        f"/team/{rows.employee}",
        "/customers",
        f"/customers/hand-over?from={rows.employee}",
        "/tasks?view=team",
        "/team/progress",
        f"/customers/{rows.customer}/merge?other={rows.foreign}",
    ]


PAGES = {"lin": LIN_PAGES, "he": HE_PAGES, "ma": MA_PAGES}
# Each language in two of the four looks, the first of another width; a page is loaded once for both.
LOOKS = {"zh-CN": [("light", 1280), ("dark", 375)], "en-GB": [("light", 375), ("dark", 1280)]}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("locale", LOOKS)
def test_every_page_fits_and_passes_axe(
    name: str, locale: str, chromium: Browser, site: tuple[BranchSite, str]
) -> None:
    faults = []
    with window(chromium, locale=locale, for_axe=True) as page:
        enter(page, site[1], name)
        wanted = "zh-Hans" if locale == "zh-CN" else "en"
        if page.get_attribute("html", "lang") != wanted:
            with page.expect_navigation():
                page.click("form[action='/language'] button")
        for path in PAGES[name](site[0]):
            answer = page.goto(site[1] + path)
            assert answer is not None
            assert answer.status == 200, path
            assert "/sign-in" not in page.url
            faults += [f"{path}: {fault}" for fault in faults_in(page, LOOKS[locale])]
    assert faults == []


def test_no_page_has_inline_scripts_or_foreign_addresses(
    site: tuple[BranchSite, str], tmp_path: Path
) -> None:
    for template in Path("branch_node").rglob("*.html"):
        text = template.read_text("utf-8")
        assert not re.search(r"\son\w+=|style=|javascript:|<script>", text), template
        assert not re.search(r"(src|href)=\"https?://", text), template


def test_what_a_manager_assigns_and_says_arrives_on_an_open_page(
    chromium: Browser, site: tuple[BranchSite, str]
) -> None:
    with window(chromium) as lins, window(chromium) as suns:
        enter(lins, site[1], "lin")
        expect(lins.locator("#plan-line")).to_be_focused()
        lins.keyboard.type("half a line")
        enter(suns, site[1], "sun")
        suns.goto(f"{site[1]}/team/{site[0].rows.employee}")
        suns.fill("#f-line", "collect 80,000 from Hengda")
        suns.get_by_role("button", name="Add").click()
        suns.fill("#f-comment", "this one first")
        suns.get_by_role("button", name="Comment").click()
        expect(lins.locator(".ops-plan > li", has_text="collect 80,000")).to_be_visible()
        expect(lins.locator("#my-day-live", has_text="this one first")).to_be_visible()
        expect(lins.locator("#plan-line")).to_have_value("half a line")
        expect(lins.locator("#plan-line")).to_be_focused()
        suns.goto(f"{site[1]}/team")
        lins.fill("#plan-line", "seen by the whole team")
        lins.keyboard.press("Enter")
        expect(suns.locator("#team-live")).to_contain_text("submitted")
