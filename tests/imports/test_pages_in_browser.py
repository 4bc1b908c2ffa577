"""The import pages in a browser: files chosen, the page that changes by itself, every page looked at by axe."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.imports.folders import CUSTOMERS, HEADER, write
from tests.imports.test_pages import work
from tests.support.branch_site import PASSWORD, BranchSite, branch_site
from tests.support.browser import axe_faults, chromium, clipped, policy_violations, window
from tests.support.databases import Templates
from tests.support.web_site import Served

pytestmark = pytest.mark.browser
__all__ = ["chromium"]


@pytest.fixture
def site(templates: Templates, tmp_path: Path) -> Iterator[tuple[BranchSite, str]]:
    with branch_site(templates, "sqlite", tmp_path) as made, Served(made.app) as served:
        yield made, served.url


def enter(page: Page, url: str, language: str) -> None:
    page.goto(f"{url}/sign-in")
    page.fill("[name=username]", "he")
    page.fill("[name=password]", PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    if page.evaluate("document.documentElement.lang") != language:
        with page.expect_navigation():
            page.locator("form[action='/language'] button").click()


def choose(page: Page, url: str, folder: Path) -> None:
    """Send the two files of the folder."""
    page.goto(f"{url}/imports/new")
    page.set_input_files("[name=files]", str(folder / "customers.csv"))
    page.set_input_files("[name=mapping]", str(folder / "mapping.toml"))
    with page.expect_navigation():
        page.locator("[data-save]").click()


def files(folder: Path) -> Path:
    rows = (
        HEADER
        + "I1,A company with a rather long name 有限公司,010-65051234,,x\nI2,B,010-65051234,,y\nI3,,,,\n"
    )
    return write(folder / "chosen", customers_csv=rows, mapping_toml=CUSTOMERS)


def test_the_page_changes_by_itself_when_the_dry_run_is_done(
    chromium: Browser, site: tuple[BranchSite, str], tmp_path: Path
) -> None:
    with window(chromium) as page:
        enter(page, site[1], "en")
        choose(page, site[1], files(tmp_path))
        expect(page.locator("#import")).to_contain_text("It begins in a moment.")
        work(site[0])
        expect(page.locator("#import")).to_contain_text("An import would create 2")
        expect(page.locator("#import")).not_to_have_attribute("hx-get", f"{page.url}/live")
        page.get_by_role("button", name="Import now").click()
        work(site[0])
        expect(page.get_by_role("link", name="Undo import")).to_be_visible()
        assert policy_violations(page) == []


def test_files_can_be_sent_and_followed_without_scripts(
    chromium: Browser, site: tuple[BranchSite, str], tmp_path: Path
) -> None:
    with window(chromium, scripts=False) as page:
        page.goto(f"{site[1]}/sign-in")
        page.fill("[name=username]", "he")
        page.fill("[name=password]", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "/sign-in" not in url)
        choose(page, site[1], files(tmp_path))
        work(site[0])
        page.reload()
        expect(page.locator("#import")).to_contain_text("An import would create 2")


@pytest.mark.parametrize(
    ("language", "width", "theme"),
    [("zh-Hans", 1280, "light"), ("en", 1280, "dark"), ("zh-Hans", 375, "dark"), ("en", 375, "light")],
)
def test_every_page_is_accessible_and_nothing_is_cut(
    chromium: Browser, site: tuple[BranchSite, str], tmp_path: Path, language: str, width: int, theme: str
) -> None:
    with window(chromium, width=width, theme=theme, for_axe=True) as page:
        enter(page, site[1], language)
        choose(page, site[1], files(tmp_path))
        shown = page.url
        found = look(page)
        work(site[0])
        for url in (shown, f"{site[1]}/imports", f"{site[1]}/imports/new", f"{site[1]}/imports/mapping"):
            page.goto(url)
            found += look(page)
        assert found == []


def look(page: Page) -> list[str]:
    return [f"{page.url} {fault}" for fault in [*axe_faults(page), *clipped(page)]]
