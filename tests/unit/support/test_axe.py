"""axe is in every page of a window that is opened for it, past the page's own policy, and finds what is wrong there."""

import pytest
from playwright.sync_api import Browser
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from tests.support.browser import axe_faults, chromium, faults_in, window
from tests.support.web_site import Served

__all__ = ["chromium"]
pytestmark = pytest.mark.browser
POLICY = {"content-security-policy": "default-src 'self'; style-src 'unsafe-inline'"}


def bad(request: Request) -> HTMLResponse:
    return HTMLResponse(
        "<!doctype html><html><body><img src='/x.png'><p style='color:#eee;background:#fff'>pale</p></body></html>",
        headers=POLICY,
    )


def test_faults_of_every_page_of_a_window_are_found(chromium: Browser) -> None:
    site = Starlette(routes=[Route("/", bad), Route("/next", bad)])
    with Served(site) as served, window(chromium, for_axe=True) as page:
        for path in ("/", "/next"):
            page.goto(served.url + path)
            found = {fault.split(":")[0] for fault in axe_faults(page)}
            assert found >= {"image-alt", "html-has-lang", "color-contrast"}, path


LOOKS = """<!doctype html><html lang='en'><head><title>t</title><style>
  @media (prefers-color-scheme: dark) { .frail { color: #555; background: #444 } }
  @media (width < 400px) { .thin { color: #ccc; background: #fff } .tight { width: 60px } }
</style></head><body><main><h1>t</h1><p class='frail'>theme</p><p class='thin'>width</p><p class='tight'>应收账款账龄分析表</p><p class='tight'>Unbreakable</p>
</main></body></html>"""


def test_a_fault_of_one_look_is_told_for_it_alone(chromium: Browser) -> None:
    """Chinese words break where English ones are cut off."""
    site = Starlette(routes=[Route("/", lambda _request: HTMLResponse(LOOKS, headers=POLICY))])
    with Served(site) as served, window(chromium, for_axe=True) as page:
        page.goto(served.url)
        found = faults_in(page, [("light", 1280), ("dark", 1280), ("light", 375)])
        told = [" ".join(fault.split()[:3]) for fault in found]
        assert told == ["dark 1280: color-contrast:", "light 375: color-contrast:", "light 375: P.tight"]
