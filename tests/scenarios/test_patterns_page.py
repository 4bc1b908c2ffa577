"""The parts of all pages in a real browser: on the patterns page, the sign-in page, the account page."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import axe_faults, chromium, clipped, policy_violations, wait_in_page, window
from tests.support.web_site import PASSWORD, Served, tea_app

__all__ = ["chromium"]

pytestmark = pytest.mark.browser

LOOKS = [
    pytest.param(locale, theme, width, id=f"{locale}-{theme}-{width}")
    for locale, theme, width in (
        ("zh_CN", "light", 1280), ("en", "dark", 1280), ("zh_CN", "dark", 375), ("en", "light", 375),
    )
]  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("tea")
    with Served(tea_app(folder)) as served:
        yield served


SESSIONS: dict[str, list[Any]] = {}
"""The cookies of Ada's session at a site, once she has signed in."""


def sign_in(page: Page, site: Served, to: str = "/me") -> None:
    """A page as Ada sees it: she signs in once, by keys; later windows are of the same session."""
    if site.url in SESSIONS:
        page.context.add_cookies(SESSIONS[site.url])
        page.goto(site.url + to)
        return
    page.goto(f"{site.url}/sign-in?next={to}")
    page.fill("#f-username", "ada")
    page.fill("#f-password", PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    SESSIONS[site.url] = page.context.cookies()


def choose(page: Page, locale: str, theme: str) -> None:
    """Language and theme, on the account page."""
    page.check(f"input[name=locale][value={locale}]")
    page.check(f"input[name=theme][value={theme}]")
    with page.expect_navigation():
        page.click("form[action='/me/preferences'] [data-save]")


@pytest.mark.parametrize(("locale", "theme", "width"), LOOKS)
def test_nothing_is_out_of_reach_or_cut_off(
    chromium: Browser, site: Served, locale: str, theme: str, width: int
) -> None:
    with window(chromium, width=width, locale=locale[:2], theme=theme, for_axe=True) as page:
        page.goto(f"{site.url}/sign-in")
        assert (axe_faults(page), clipped(page)) == ([], [])
        sign_in(page, site)
        choose(page, locale, theme)
        for url in ("/me", "/patterns", "/keys", "/menu", "/find", "/nothing-here", "/me/second-factor"):
            page.goto(site.url + url)
            assert (url, axe_faults(page), clipped(page)) == (url, [], [])
            assert page.locator("html").get_attribute("lang") == ("zh-Hans" if locale == "zh_CN" else "en")


@pytest.mark.parametrize("width", [320, 768])
def test_small_and_middling_windows_cut_nothing_off(chromium: Browser, site: Served, width: int) -> None:
    with window(chromium, width=width) as page:
        sign_in(page, site)
        for url in ("/me", "/patterns"):
            page.goto(site.url + url)
            assert (url, clipped(page)) == (url, [])


def test_the_content_policy_is_never_broken(chromium: Browser, site: Served) -> None:
    with window(chromium) as page:
        elsewhere: list[str] = []
        page.on("request", lambda request: request.url.startswith(site.url) or elsewhere.append(request.url))
        sign_in(page, site, "/patterns")
        chart = page.locator("[data-chart] canvas")
        box = chart.bounding_box()
        assert box is not None
        for step in range(1, 9):
            chart.hover(position={"x": box["width"] * step / 9, "y": box["height"] / 2})
        page.locator("summary", has_text="Ada").click()
        page.keyboard.press("/")
        page.locator("#palette [role=option]").first.wait_for()
        page.keyboard.press("Escape")
        page.locator(".ops-pick input[role=combobox]").first.fill("hd")
        page.locator(".ops-options [role=option]").first.wait_for()
        assert policy_violations(page) == []
        assert [url for url in elsewhere if not url.startswith(("data:", "blob:"))] == []


def test_a_chart_follows_the_colours_of_the_device(chromium: Browser, site: Served) -> None:
    with window(chromium) as page:
        sign_in(page, site)
        choose(page, "en", "auto")
        page.goto(f"{site.url}/patterns")
        page.locator("[data-chart] canvas").wait_for()
        in_light = drawn(page)
        page.emulate_media(color_scheme="dark")
        wait_until(page, lambda: drawn(page) != in_light)
        page.emulate_media(color_scheme="light")
        wait_until(page, lambda: drawn(page) == in_light)


def drawn(page: Page) -> str:
    """The picture on the canvas of the chart, once it has not changed for a moment."""
    canvas = page.locator("[data-chart] canvas")
    picture, before = str(canvas.evaluate("canvas => canvas.toDataURL()")), ""
    while picture != before:
        page.wait_for_timeout(100)
        picture, before = str(canvas.evaluate("canvas => canvas.toDataURL()")), picture
    return picture


def wait_until(page: Page, is_so: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        page.wait_for_timeout(50)


def test_controls_in_the_head_of_a_page_are_of_one_height(chromium: Browser, site: Served) -> None:
    heights = "nodes => [...new Set(nodes.map(node => node.getBoundingClientRect().height))]"
    for width in (375, 1280):
        with window(chromium, width=width) as page:
            sign_in(page, site, "/patterns")
            found = page.locator(".ops-head :is(.btn, .form-control)")
            assert found.count() > 1
            assert (width, len(found.evaluate_all(heights))) == (width, 1)


def test_one_stream_changes_two_places_and_keeps_what_is_open(chromium: Browser, site: Served) -> None:
    with window(chromium) as page:
        sign_in(page, site, "/patterns")
        page.locator("details", has=page.locator("#chart-data")).locator("summary").click()
        button = page.get_by_role("button", name="Push a change")
        before = int(page.inner_text("#live-count"))
        button.click()
        expect(page.locator("#live-count")).to_have_text(re.compile(r"[1-9]"))
        count = int(page.inner_text("#live-count"))
        assert count > before
        expect(page.locator("#live-twice")).to_have_text(str(count * 2))
        expect(page.locator("#chart-data")).to_be_visible()
        expect(button).to_be_focused()


def test_a_silent_stream_is_said_and_started_again(chromium: Browser, site: Served) -> None:
    with window(chromium) as page:
        page.clock.install()
        sign_in(page, site, "/patterns")
        wait_in_page(page, "document.querySelector('[data-live]')._htmx?.sse?.lastEventId")
        page.clock.fast_forward(46_000)
        expect(page.locator("#notice-stopped")).to_contain_text("Live updates stopped")
        page.clock.fast_forward(5_000)
        expect(page.locator("#notice-stopped")).to_have_count(0)


def test_seven_windows_load_and_the_oldest_say_that_they_pause(chromium: Browser, site: Served) -> None:
    with window(chromium) as first:
        sign_in(first, site)
        pages = [first, *(first.context.new_page() for _ in range(6))]
        for page in pages:
            page.goto(f"{site.url}/patterns", timeout=6_000)
        for page in pages[:3]:
            expect(page.locator("#notice-paused")).to_contain_text("Live updates paused in this window.")
        expect(pages[-1].locator("#notice-paused")).to_have_count(0)


class TestKeys:
    @pytest.fixture
    def page(self, chromium: Browser, site: Served) -> Iterator[Page]:
        with window(chromium) as page:
            sign_in(page, site, "/patterns")
            yield page

    def test_the_palette_goes_where_one_types(self, page: Page) -> None:
        page.keyboard.press("/")
        page.locator("#palette [role=option]").first.wait_for()
        page.keyboard.type("custom")
        expect(page.locator("#palette [role=option]")).to_have_count(1)
        with page.expect_navigation(url="**/customers"):
            page.keyboard.press("Enter")

    def test_escape_gives_the_focus_back(self, page: Page) -> None:
        page.locator("summary", has_text="Ada").focus()
        page.keyboard.press("Control+k")
        expect(page.locator("#palette")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("summary", has_text="Ada")).to_be_focused()

    def test_letters_go_and_walk_but_never_while_typing(self, page: Page) -> None:
        page.keyboard.press("j")
        page.keyboard.press("j")
        expect(page.locator("tr.is-current")).to_have_count(1)
        page.locator(".ops-filters input.form-control").first.focus()
        page.keyboard.type("gs/?j")
        assert page.url.endswith("/patterns")
        expect(page.locator("#palette")).to_be_hidden()
        page.locator("h1").first.click()
        with page.expect_navigation(url="**/customers"):
            page.keyboard.press("g")
            page.keyboard.press("c")

    def test_a_slash_inside_an_input_method_opens_nothing(self, page: Page) -> None:
        page.evaluate(
            "document.body.dispatchEvent(new KeyboardEvent('keydown',"
            " {key: 'Process', code: 'Slash', isComposing: true, bubbles: true}))"
        )
        expect(page.locator("#palette")).to_be_hidden()

    def test_the_full_width_comma_of_a_chinese_keyboard_opens_the_palette(self, page: Page) -> None:
        page.evaluate(
            "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: '、', code: 'Slash', bubbles: true}))"
        )
        expect(page.locator("#palette")).to_be_visible()

    def test_enter_while_composing_submits_nothing(self, page: Page) -> None:
        sent: list[str] = []
        page.on(
            "request", lambda request: sent.append(request.url) if request.is_navigation_request() else None
        )
        page.locator(".ops-filters input.form-control").first.focus()
        session = page.context.new_cdp_session(page)
        session.send("Input.imeSetComposition", {"text": "hua", "selectionStart": 3, "selectionEnd": 3})
        session.send(
            "Input.dispatchKeyEvent", {"type": "keyDown", "windowsVirtualKeyCode": 229, "key": "Process"}
        )
        session.send("Input.insertText", {"text": "华"})
        assert page.locator(".ops-filters input.form-control").first.input_value() == "华"
        assert sent == []

    def test_a_typeahead_is_filled_by_initials_and_enter(self, page: Page) -> None:
        pick = page.locator("[data-pick]").first
        pick.locator("[role=combobox]").click()
        page.keyboard.type("hd")
        expect(pick.locator("[role=option]")).to_have_count(2)
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        assert pick.locator("[role=combobox]").input_value() == "恒达贸易"
        assert pick.locator("[data-pick-value]").input_value() == "c-2"
        assert page.url.endswith("/patterns")

    def test_letter_keys_can_be_switched_off(self, page: Page, site: Served) -> None:
        page.goto(f"{site.url}/me")
        page.uncheck("#f-letter_keys")
        with page.expect_navigation():
            page.keyboard.press("Control+Enter")
        page.keyboard.press("g")
        page.keyboard.press("c")
        page.keyboard.press("?")
        assert page.url.endswith("/me")
        page.check("#f-letter_keys")
        with page.expect_navigation():
            page.click("form[action='/me/preferences'] [data-save]")


def test_a_refused_form_leads_to_its_mistakes(chromium: Browser, site: Served) -> None:
    with window(chromium) as page:
        sign_in(page, site)
        page.fill("#f-present", "wrong")
        page.fill("#f-password", "cold green tea")
        page.fill("#f-again", "hot green tea")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        assert page.title().startswith("Error: My account")
        expect(page.locator(".ops-errors")).to_be_focused()
        page.locator(".ops-errors a").click()
        expect(page.locator("#f-again")).to_be_focused()
        assert (
            page.locator("#f-again-error").inner_text().endswith("The two passwords differ. Type them again.")
        )


def test_amounts_are_shown_as_understood(chromium: Browser, site: Served) -> None:
    with window(chromium) as page:
        sign_in(page, site, "/patterns")
        page.fill("#f-money_en", "10万")
        expect(page.locator("#f-money_en-read")).to_have_text("= ¥100,000.00 ")
        page.fill("#f-date_en", "")
        page.locator("[data-calendar='f-date_en']").fill("2026-11-25")
        assert page.locator("#f-date_en").input_value() == "2026-11-25"


def test_everything_but_charts_and_live_values_works_without_scripts(chromium: Browser, site: Served) -> None:
    with window(chromium, width=375, scripts=False) as page:
        sign_in(page, site)
        choose(page, "en", "dark")
        assert page.locator("html").get_attribute("data-bs-theme") == "dark"
        page.get_by_role("button", name="Main menu").click()
        page.locator("#site-menu a", has_text="Customers").click()
        assert page.url.endswith("/customers")
        page.goto(f"{site.url}/find?q=customers")
        page.locator(".ops-hits a", has_text="Customers").click()
        assert page.url.endswith("/customers")
        page.goto(f"{site.url}/patterns")
        page.locator("details", has=page.locator("#chart-data")).locator("summary").click()
        expect(page.locator("#chart-data")).to_contain_text("104")


def test_a_success_is_said_once_and_goes_by_itself(chromium: Browser, site: Served) -> None:
    with window(chromium) as page:
        sign_in(page, site)
        with page.expect_navigation():
            page.click("form[action='/me/preferences'] [data-save]")
        expect(page.locator("#toast[role=status]")).to_contain_text("Preferences saved")
        page.goto(f"{site.url}/me")
        assert page.locator("#toast p").count() == 0
