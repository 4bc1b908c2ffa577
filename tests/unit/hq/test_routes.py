"""Who may open what: every route of headquarters for every role, with and without the right, and signed out."""

import re
from html import unescape
from uuid import UUID

import pytest

from hq.papers.handlers import ENDING
from hq.people.rules import HQ_ROLES
from hq.routes import all_routes
from shared.web.routing import Access, Route, check_routes
from tests.support.hq_site import Headquarters
from tests.support.site_client import Client
from tests.support.web_site import Visitor

ROLE_OF = {"chen": "executive", "qin": "hq_data_officer", "tang": "hq_admin"}
GRANTS = {role.code: role.grants for role in HQ_ROLES}
SOMEBODY = "00000000-0000-7000-8000-000000000001"
LIVE = "/live/"
OPEN = ["/shared/{token}"]
"""What a link opens by itself: tests/unit/hq/test_shares.py."""


def address(route: Route) -> str:
    return route.url.replace("{id}", SOMEBODY).replace("{code}", "SH").replace("{name}", "sales")


def test_every_route_names_a_right_that_somebody_has() -> None:
    check_routes(all_routes(), {action for grants in GRANTS.values() for action in grants})
    assert [route.url for route in all_routes() if isinstance(route.permission, Access)] == OPEN


@pytest.mark.parametrize("name", ROLE_OF)
def test_a_role_opens_exactly_what_its_rights_allow(site: Headquarters, client: Client, name: str) -> None:
    visitor = site.visitor(client, name)
    visitor.open("/keys")
    grants = GRANTS[ROLE_OF[name]]
    for route in all_routes():
        if (
            route.url in OPEN
            or route.url.startswith(LIVE)
            or (route.url.endswith(ENDING) and route.permission in grants)
        ):
            continue  # a PDF takes a second: tests/unit/hq/test_papers.py opens some
        url = address(route)
        answer = visitor.open(url) if route.method == "GET" else visitor.send(url, follow=False)
        if route.method != "GET":
            visitor.open("/keys")
        allowed = route.permission in grants
        assert (answer.status_code == 403) == (not allowed), (name, route.method, url, answer.status_code)
        assert answer.status_code < 500, (name, url)


@pytest.mark.parametrize("name", ROLE_OF)
def test_no_page_leads_anybody_to_one_that_is_refused(site: Headquarters, client: Client, name: str) -> None:
    """Over all pages that can be reached from the overview, one of each kind."""
    visitor = site.visitor(client, name)
    waiting, seen = ["/"], {kind_of("/")}
    while waiting:
        address = waiting.pop()
        answer = visitor.open(address)
        assert answer.status_code != 403, (name, address)
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        for url in map(unescape, re.findall(r'href="(/[^"#]*)', answer.text)):
            if kind_of(url) not in seen and not FILE.search(url):
                seen.add(kind_of(url))
                waiting.append(url)
    assert len(seen) > 25


FILE = re.compile(r"/(static|api|pdf|openapi)\b|format=|/files/")
KEY = re.compile(r"/([0-9a-f-]{36}|[A-Z]{2,4})(?=/|$)")


def kind_of(url: str) -> str:
    """What is the same for all addresses of one page."""
    return KEY.sub("/*", url.partition("?")[0])


def test_nobody_sees_anything_without_signing_in(client: Client) -> None:
    for route in all_routes():
        url = address(route)
        if route.method != "GET" or url.startswith(LIVE) or route.url in OPEN:
            continue
        answer = client.get(url, follow_redirects=False)
        assert answer.status_code == (401 if route.is_api else 303), url


def test_live_streams_need_the_right_too(site: Headquarters, client: Client) -> None:
    tang = site.visitor(client, "tang")
    assert tang.open("/live/staff").status_code == 403


def test_an_administrator_without_figures_of_orders_sees_no_customer(
    site: Headquarters, client: Client
) -> None:
    tang: Visitor = site.visitor(client, "tang")
    assert tang.open(f"/customers/{UUID(int=5)}").status_code == 403
    assert tang.client.get("/api/v1/figures/newest-customers").status_code == 403
    assert tang.client.get("/api/v1/figures/sales").status_code == 200
