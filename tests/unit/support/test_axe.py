"""axe is in every page of a window that is opened for it, past the page's own policy, and finds what is wrong there."""

import pytest
from playwright.sync_api import Browser
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from tests.support.browser import axe_faults, chromium, window
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
