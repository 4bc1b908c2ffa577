"""What an attacker types at headquarters: every answer is a page with words, and nothing fails."""

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient

from shared.records import Customer, Employee
from tests.support.databases import ENGINES
from tests.support.hostile import NOBODY, VALUES, forms_of, sent
from tests.support.hq_site import Headquarters, headquarters, headquarters_on_postgres, running
from tests.support.web_site import Visitor

PAGES = [
    "/", "/compare", "/receivables", "/receivables/receipts", "/targets", "/profit", "/customers", "/staff", "/news", "/feedback",
    "/directives", "/branches/SH", "/day-close", "/day-close/SH/orders", "/late", "/sales", "/pipeline", "/warnings", "/audit",
    "/quarantine", "/targets/edit", "/targets/cascade",
]  # fmt: skip
READ = ("period", "from", "to", "as_of", "known_at", "size", "day", "year", "branch", "unit", "after")
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
def client(site: Headquarters) -> Iterator[TestClient]:
    """The running site."""
    with running(site) as found:
        yield found


def who_opens(site: Headquarters, client: TestClient, url: str) -> Visitor:
    """Somebody who may open the page: the executive, else the administrator."""
    for name in ("chen", "tang"):
        visitor = site.visitor(client, name)
        if visitor.open(url).status_code == 200:
            return visitor
    raise AssertionError(f"{url} opens for nobody")


@pytest.mark.parametrize("url", PAGES)
def test_whatever_the_address_asks_is_answered_in_words(
    site: Headquarters, client: TestClient, url: str
) -> None:
    visitor = who_opens(site, client, "/targets/edit?unit=branch:SH" if url == "/targets/edit" else url)
    for name in READ:
        for label in ASKED:
            query = urlencode({"unit": "branch:SH", name: VALUES[label]}, errors="surrogatepass")
            answer = visitor.open(f"{url}?{query}")
            assert answer.status_code in (200, 404, 422), (name, label)
            assert "<h1" in answer.text, (name, label)


@pytest.mark.parametrize("url", FORMS)
def test_whatever_is_typed_into_a_form_is_answered_in_words(
    site: Headquarters, client: TestClient, url: str
) -> None:
    visitor = who_opens(site, client, url)
    forms = forms_of(visitor.page, url)
    assert forms
    for form in forms:
        for label, fields in form.floods():
            answer = sent(visitor, form.action, fields)
            assert answer.status_code < 500, (form.action, label)


def test_rows_of_other_branches_and_of_nobody_are_not_there(site: Headquarters, client: TestClient) -> None:
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
