"""Headless Chromium for tests: windows on a served site, axe, clipped content, broken content policy."""

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.support.services import missing

PROJECT = Path(__file__).resolve().parents[2]
AXE = PROJECT / "node_modules" / "axe-core" / "axe.min.js"
# The shell without a window first: a whole browser spends half its time on its own frame.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
    # A page lives for a second here: what the optimising compilers make of axe and of charts goes with it before it has paid.
    "--js-flags=--no-opt --invocation-count-for-maglev=4000 --single-threaded --min-semi-space-size=32",
]  # fmt: skip
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RULES_OF_LOOKS = ["color-contrast", "link-in-text-block", "target-size"]
"""What theme, width and the length of words can change on a page that has passed all rules."""
# What axe cannot decide here and a person has looked at: text over the bars of a chart's canvas, and text
# whose background axe cannot find because a link covers the whole card.
UNDECIDED = {"color-contrast"}

# What passed is not listed, which halves the time; our pages have no frames and load nothing from elsewhere.
ASK_AXE = """tags => axe.run({
  runOnly: tags, resultTypes: ['violations', 'incomplete'], preload: false, iframes: false})"""

WATCH_POLICY = """
window.violations = [];
document.addEventListener('securitypolicyviolation', event => {
  window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
});
"""
CLIPPED = """() => [...document.querySelectorAll('body *')].filter(one => {
  const style = getComputedStyle(one);
  if (one.closest('pre, svg, .visually-hidden, .ops-skip, canvas, [popover], dialog') || style.display === 'inline') return false;
  return one.clientWidth > 0 && one.scrollWidth > one.clientWidth + 1 && !one.matches('input, select, .is-wide');
}).map(one => `${one.tagName}.${one.className} ${one.scrollWidth} > ${one.clientWidth}`)"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for the tests of a module; skipped where there is none.

    While it lives an event loop runs in this thread: a module with browser tests has no async tests.
    """
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        missing("no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def window(
    browser: Browser,
    *,
    width: int = 1280,
    height: int = 800,
    locale: str = "en-GB",
    theme: str = "light",
    for_axe: bool = False,
    scripts: bool = True,
) -> Iterator[Page]:
    """A fresh browser window. `for_axe` lifts the content policy, which would keep axe out."""
    context: BrowserContext = browser.new_context(
        viewport={"width": width, "height": height},
        locale=locale,
        color_scheme="dark" if theme == "dark" else "light",
        bypass_csp=for_axe,
        java_script_enabled=scripts,
    )
    try:
        if scripts:
            context.add_init_script(WATCH_POLICY)
        if for_axe and AXE.is_file():
            context.add_init_script(path=AXE)
        page = context.new_page()
        page.set_default_timeout(10_000)
        yield page
    finally:
        context.close()


def wait_in_page(page: Page, expression: str, seconds: float = 10.0) -> None:
    """Until a JavaScript expression is true in the page.

    Asked from outside again and again: Playwright's own `wait_for_function` evaluates a string inside the page,
    which the content policy forbids from its second look on.
    """
    deadline = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, f"not within {seconds} s: {expression}"
        page.wait_for_timeout(50)


def axe_faults(page: Page, rules: Sequence[str] = RULES) -> list[str]:
    """Every violation, and what axe left undecided for a reason nobody has looked at."""
    if not AXE.is_file():
        missing("axe-core is not built: run npm ci")
    found: dict[str, Any] = page.evaluate(ASK_AXE, rules)
    faults = [
        f"{one['id']}: {node['html'][:160]} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]
    return faults + [
        f"undecided {one['id']}: {node['html'][:160]}"
        for one in found["incomplete"]
        if one["id"] not in UNDECIDED
        for node in one["nodes"]
    ]


def faults_in(page: Page, looks: Sequence[tuple[str, int]]) -> list[str]:
    """What is wrong with the open page in each (theme, width); the window stays as the last one has it.

    The first look is held against all rules, the others against those of colours and sizes: so a page that is looked at in two
    languages, whose first looks have different widths, has met every rule at each width and theirs in every look.
    """
    found = []
    for number, (theme, width) in enumerate(looks):
        # Without motion, or a colour would be read on its way to the other theme.
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 800})
        faults = [
            *axe_faults(page, RULES_OF_LOOKS if number else RULES),
            *clipped(page),
            *policy_violations(page),
        ]
        found += [f"{theme} {width}: {fault}" for fault in faults]
    return found


def clipped(page: Page) -> list[str]:
    """Elements whose content is wider than they are, and the page itself if it scrolls sideways."""
    found: list[str] = page.evaluate(CLIPPED)
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append("the page scrolls sideways")
    return found


def policy_violations(page: Page) -> list[str]:
    """What the content security policy stopped since the page was opened."""
    found: list[str] = page.evaluate("window.violations")
    return found
