"""From 'Paris is behind' to the orders that explain it in three clicks: in English and Chinese, on a screen and a phone."""

import re
from collections.abc import Iterator
from decimal import Decimal

import pytest
from playwright.sync_api import Browser, Page, expect

from shared import clock
from shared.clock import FixedClock
from tests.support.browser import axe_faults, chromium, clipped, policy_violations, window
from tests.support.hq_site import headquarters
from tests.support.hq_world import NOON
from tests.support.web_site import PASSWORD, Served

pytestmark = pytest.mark.browser
__all__ = ["chromium"]

NEW_PAGES = (
    "/targets?unit=branch:PAR",
    "/targets/cascade?unit=branch:PAR",
    "/directives/new",
    "/late",
    "/news/feeds",
    "/warnings",
    "/reports/new",
    "/shares/new?address=/receivables",
    "/exports",
)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Headquarters over the written company, at noon in Shanghai."""
    site = headquarters(tmp_path_factory.mktemp("paris"))
    with clock.use(FixedClock(NOON)), Served(site.app) as served:
        yield served.url


def enter(page: Page, url: str, language: str) -> None:
    """The executive signs in and reads in a language."""
    page.goto(f"{url}/sign-in")
    page.fill("[name=username]", "chen")
    page.fill("[name=password]", PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    if page.evaluate("document.documentElement.lang").startswith("zh") != (language == "zh_CN"):
        with page.expect_navigation():
            page.evaluate("document.querySelector('form[action=\"/language\"] [name=to]').click()")


def amount(text: str) -> Decimal:
    """The number in a cell, with its sign."""
    found = re.search(r"[−-]?[\d,]+(?:\.\d+)?", text)
    assert found, text
    return Decimal(found[0].replace("−", "-").replace(",", ""))


@pytest.mark.parametrize(("language", "width"), [("en", 1280), ("zh_CN", 1280), ("zh_CN", 375), ("en", 375)])
def test_three_clicks_lead_from_the_gap_to_the_orders(
    chromium: Browser, url: str, language: str, width: int
) -> None:
    with window(chromium, width=width) as page:
        enter(page, url, language)
        page.goto(url)
        row = page.locator("#branches-branch-PAR")
        unit = Decimal(1_000 if language == "en" else 10_000)
        gap = amount(row.locator('td a[href*="why-part"]').last.inner_text())
        row.locator('a[href*="why-part"]').first.click()
        expect(page).to_have_url(f"{url}/targets?unit=branch%3APAR&as_of=2026-11-30#why-part")
        steps = [amount(text) for text in page.locator("#why tbody td").all_inner_texts()]
        assert steps[0] + sum(steps[1:-1]) == steps[-1]  # the plan, its parts, the actual
        assert abs(steps[-1] - steps[0] - gap * unit) <= unit / Decimal(2 if language == "en" else 20)
        page.locator("#why tbody a").first.click()
        expect(page.locator("h1")).to_be_visible()
        assert "/sales?unit=employee" in page.url
        assert "period=2026-11" in page.url
        expect(page.locator("#orders, [id^=orders]").first).to_be_visible()
        assert page.locator('[data-adds-up="yes"]').count() == 1
        assert page.locator('[data-adds-up="no"]').count() == 0
        assert policy_violations(page) == []


@pytest.mark.parametrize("width", [1280, 375])
def test_new_pages_are_sound_for_eye_and_reader(chromium: Browser, url: str, width: int) -> None:
    with window(chromium, width=width, for_axe=True) as page:
        enter(page, url, "en")
        for path in NEW_PAGES:
            page.goto(url + path)
            assert axe_faults(page) == [], path
            assert clipped(page) == [], path
