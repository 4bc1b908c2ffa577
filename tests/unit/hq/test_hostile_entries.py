"""What an attacker types at headquarters: every answer is a page with words, and nothing fails."""

from collections.abc import Iterator, Mapping

import pytest

from hq.routes import all_routes
from shared.records import Customer, Employee
from tests.support.databases import ENGINES
from tests.support.hostile import (
    NOBODY,
    SITE_WIDE,
    Boxes,
    all_forms_of,
    asked_for,
    for_engine,
    forms_of,
    names_read,
    pages_without_a_row,
    sent,
)
from tests.support.hq_site import Headquarters, headquarters, headquarters_on_postgres, running
from tests.support.site_client import Client
from tests.support.web_site import Visitor

STREAMS, PAPERS = "/live/", "/pdf"
"""A stream never ends; a paper asks what its page asks."""
PAGES = [
    url
    for url in pages_without_a_row(all_routes())
    if not url.startswith(STREAMS) and not url.endswith(PAPERS)
]
ANSWERED = {"/targets/edit": "?unit=branch:SH", "/shares/new": "?address=/profit"}
"""What has to be asked for, or else the page has nothing to show."""
PLAIN = "/late"
"""A page that reads of its address what every page reads (hq/asking.py), and nothing else."""
ASKED = (
    "no day",
    "first day",
    "last day",
    "last instant",
    "superscript",
    "huge number",
    "endless number",
    "half a character",
)
FORMS = [
    "/rates", "/news", "/news/feeds", "/directives/new", "/targets/edit?unit=branch:SH&measure=sales&year=2026", "/reports/new",
    "/shares/new?address=/profit", "/people/new", "/sync/SH/rebuild",
    "/targets/cascade?unit=company&measure=sales&year=2026",
]  # fmt: skip


@pytest.fixture(scope="module", params=ENGINES)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Headquarters]:
    """One site on each engine for the module: what is refused changes nothing."""
    folder = tmp_path_factory.mktemp("standing")
    if request.param == "sqlite":
        yield headquarters(folder)
        return
    with headquarters_on_postgres(folder) as found:
        yield found


@pytest.fixture(scope="module")
def client(site: Headquarters) -> Iterator[Client]:
    """The running site."""
    with running(site) as found:
        yield found


def who_opens(site: Headquarters, client: Client, url: str) -> Visitor:
    """Somebody who may open the page: the executive, else the administrator."""
    for name in ("chen", "tang"):
        visitor = site.visitor(client, name)
        if visitor.open(url).status_code == 200:
            return visitor
    raise AssertionError(f"{url} opens for nobody")


def who_fills_in(site: Headquarters, client: Client, url: str) -> tuple[Visitor, list[Boxes]]:
    """Somebody to whom the page shows a form, and what it shows."""
    for name in ("chen", "tang"):
        visitor = site.visitor(client, name)
        if visitor.open(url).status_code == 200 and (forms := forms_of(visitor.page, url)):
            return visitor, forms
    raise AssertionError(f"{url} shows nobody a form")


def answered(visitor: Visitor, url: str, name: str, label: str) -> int:
    """The status of a page that is asked for a hostile value: a page with words, or the part of one."""
    answer = visitor.open(asked_for(url, name, label, unit="branch:SH"))
    assert answer.status_code in (200, 404, 422), (name, label)
    assert "<h1" in answer.text or answer.text.startswith("<li"), (name, label)
    return int(answer.status_code)


@pytest.fixture(scope="module")
def taken(site: Headquarters, client: Client) -> Mapping[str, list[str]]:
    """Of what every page reads: the values that are not refused there already, and so reach each page."""
    with names_read() as names:
        visitor = who_opens(site, client, PLAIN)
    assert {"unit", "period", "as_of", "known_at", "currency", "by", "limit"} <= names
    return {
        name: [label for label in ASKED if answered(visitor, PLAIN, name, label) == 200] for name in names
    }


@pytest.mark.parametrize("url", PAGES)
def test_whatever_the_address_asks_is_answered_in_words(
    site: Headquarters, client: Client, taken: Mapping[str, list[str]], url: str
) -> None:
    with names_read() as names:
        visitor = who_opens(site, client, url + ANSWERED.get(url, ""))
    for name in sorted(names):
        for label in for_engine(taken.get(name, ASKED), site.settings.database_url):
            answered(visitor, url, name, label)


@pytest.mark.parametrize("url", FORMS)
def test_whatever_is_typed_into_a_form_is_answered_in_words(
    site: Headquarters, client: Client, url: str
) -> None:
    visitor, forms = who_fills_in(site, client, url)
    for form in forms:
        for label, fields in form.floods(site.settings.database_url):
            answer = sent(visitor, form.action, fields)
            assert answer.status_code < 500, (form.action, label)


def test_whatever_is_typed_into_the_forms_of_every_page_is_answered_in_words(
    site: Headquarters, client: Client
) -> None:
    visitor = who_opens(site, client, PLAIN)
    forms = [form for form in all_forms_of(visitor.page, PLAIN) if form.action in SITE_WIDE]
    assert {form.action for form in forms} == set(SITE_WIDE)
    for form in forms:
        for label, fields in form.floods(site.settings.database_url):
            assert sent(visitor, form.action, fields).status_code < 500, (form.action, label)


def test_rows_of_other_branches_and_of_nobody_are_not_there(site: Headquarters, client: Client) -> None:
    mei = site.visitor(client, "mei")
    foreign = [
        site.company.of(Customer, "SH")[0].id,
        site.company.of(Employee, "SH")[0].id,
        NOBODY,
        "²",
        "9" * 40,
        "..%2f..",
    ]
    for room in (
        "customers",
        "staff",
        "receivables",
        "directives",
        "reports",
        "exports",
        "quarantine",
        "people",
    ):
        for key in foreign:
            assert mei.open(f"/{room}/{key}").status_code in (403, 404), (room, key)
