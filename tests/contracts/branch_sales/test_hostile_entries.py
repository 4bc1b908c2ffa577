"""What an attacker types at a branch: every answer is a page with words, and nothing fails."""

from typing import Any
from urllib.parse import urlencode

import pytest

from branch_node.routes import all_routes
from tests.contracts.branch_sales.conftest import Office
from tests.support.hostile import (
    NOBODY,
    asked_for,
    for_engine,
    forms_of,
    names_read,
    pages_without_a_row,
    sent,
)
from tests.support.web_site import Visitor

People = dict[str, Visitor]
FORMS = {
    "/customers/new": "lin", "/orders/new": "lin", "/quotes/new": "lin", "/opportunities/new": "lin", "/expenses/new": "lin",
    "/receipts/new": "wang", "/receivables/{id}": "wang", "/followups/new": "lin", "/settings/selling": "he", "/tasks/new": "sun",
    "/feedback/new": "lin", "/": "lin",
}  # fmt: skip
LEFT_OUT = ("/plan/live", "/team/live", "/calendar/feed.ics", "/products/new")
"""Streams, which never end; a file that a token opens; a form that nobody here may fill in."""
PAGES = [url for url in pages_without_a_row(all_routes()) if url not in LEFT_OUT]
ASKED = ("last day", "superscript", "huge number", "half a character")


@pytest.mark.parametrize("url", FORMS)
def test_whatever_is_typed_into_a_form_is_answered_in_words(people: People, office: Office, url: str) -> None:
    visitor, address = people[FORMS[url]], office.rows.fill(url)
    assert visitor.open(address).status_code == 200
    forms = forms_of(visitor.page, address)
    assert forms
    for form in forms:
        for label, fields in form.floods(office.site.settings.database_url):
            assert sent(visitor, form.action, fields).status_code < 500, (form.action, label)


def who_opens(people: People, url: str) -> tuple[Visitor, set[str]]:
    """Somebody who may open a page, and what it reads of its address."""
    for name in ("lin", "ma", "wang", "he", "sun"):
        with names_read() as names:
            if people[name].open(url).status_code == 200:
                return people[name], names
    raise AssertionError(f"{url} opens for nobody")


@pytest.mark.parametrize("url", PAGES)
def test_whatever_the_address_asks_is_answered_in_words(people: People, office: Office, url: str) -> None:
    visitor, names = who_opens(people, url)
    for name in sorted(names):
        for label in for_engine(ASKED, office.site.settings.database_url):
            answer = visitor.open(asked_for(url, name, label))
            assert answer.status_code in (200, 404, 422), (name, label)


def sent_to_api(visitor: Visitor, url: str, content: bytes, kind: str = "application/json") -> Any:
    visitor.open("/me")
    headers = {"x-csrf-token": visitor.token(), "origin": "http://testserver", "content-type": kind}
    return visitor.client.post(f"/api/v1{url}", content=content, headers=headers)


@pytest.mark.parametrize("content", [b'{"line": "\xff"}', b"[" * 50_000, b'{"line": "\\ud800"}', b'{"line'])
def test_a_body_that_is_no_json_is_told_so(people: People, content: bytes) -> None:
    answer = sent_to_api(people["lin"], "/plans/items", content)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "json.unreadable")


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_json_is_read_whatever_it_is_called(people: People, kind: str) -> None:
    assert sent_to_api(people["lin"], "/plans/items", b'{"line": "Call"}', kind).status_code == 201


def test_a_percent_sign_in_what_was_asked_is_quoted_as_it_is(people: People) -> None:
    answer = people["lin"].open("/api/v1/customers?ordered_from=%25(x)s")
    assert answer.status_code == 422
    assert "ordered_from" in answer.json()["error"]["fields"]


def test_the_character_0_is_refused_wherever_it_stands(people: People) -> None:
    lin = people["lin"]
    lin.open("/customers/new")
    twice = urlencode([("csrf", lin.token()), ("name", "a\0"), ("name", "b")])
    headers = {"content-type": "application/x-www-form-urlencoded", "origin": "http://testserver"}
    assert lin.client.post("/customers", content=twice, headers=headers).status_code == 422


def test_rows_of_other_departments_and_of_nobody_are_not_there(people: People, office: Office) -> None:
    for key in (str(office.rows.foreign), NOBODY, "²", "9" * 40, "..%2f..", "%00"):
        for room in (
            "orders",
            "quotes",
            "customers",
            "opportunities",
            "expenses",
            "tasks",
            "feedback",
            "approvals",
        ):
            status = people["lin"].open(f"/{room}/{key}").status_code
            assert status in (403, 404, 422), (room, key, status)
