"""What a person reads: no key of the program, no field of a template, no gap where a number is nought; in both languages."""

import re
from collections.abc import Iterator

import pytest

from tests.contracts.branch_sales.conftest import Office
from tests.support.web_site import Visitor

People = dict[str, Visitor]
PAGES = {
    "ma": (
        "/", "/team", "/customers", "/customers/hand-over", "/orders", "/receivables", "/receipts", "/expenses", "/tasks",
        "/dunning", "/dunning/levels", "/roles", "/roles/salesperson", "/departments", "/sync", "/products", "/income",
    ),
    "he": ("/settings/selling", "/settings/fields", "/staff/new", "/departments/new", "/imports/new"),
}  # fmt: skip
UNREAD = re.compile(r"<(script|style|pre|code|kbd|textarea|select)\b.*?</\1>|<[^>]*>", re.S)
KEY = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b|%\(|\bNone\b|\{\{")


def read(page: str) -> str:
    """What stands on a page outside of boxes and samples of code."""
    return re.sub(r"\s+", " ", UNREAD.sub(" ", page))


@pytest.fixture(params=["zh_CN", "en"])
def language(request: pytest.FixtureRequest, people: People) -> Iterator[str]:
    for name in PAGES:
        people[name].open("/me")
        people[name].send("/language", to=request.param, back="/")
    yield request.param
    for name in PAGES:
        people[name].open("/me")
        people[name].send("/language", to="en", back="/")


def test_no_page_shows_a_key_or_a_field_of_a_text(people: People, office: Office, language: str) -> None:
    found = {}
    for name, urls in PAGES.items():
        for url in urls:
            answer = people[name].open(url)
            assert answer.status_code == 200, url
            if keys := KEY.findall(read(answer.text)):
                found[url] = keys
    assert found == {}


def test_a_receipt_without_rest_says_nought(people: People, office: Office) -> None:
    """Nothing left to allocate is a number that is known."""
    text = read(people["wang"].open("/receipts").text)
    assert "no data" not in text
    assert "¥0.00" in text


def test_the_question_before_cancelling_an_order_has_no_cancel_of_its_own(
    people: People, office: Office
) -> None:
    """'Cancel' beside 'Cancel the order' could be either."""
    text = people["ma"].open(f"/orders/{office.rows.order}/cancel").text
    assert "Keep the order" in text
    assert ">Cancel<" not in text


def test_the_roles_that_approve_are_named_in_the_language_of_the_page(people: People, office: Office) -> None:
    """A built-in role is named by the release, not by the language in which the branch was set up."""
    he = people["he"]
    he.open("/me")
    he.send("/language", to="zh_CN", back="/")
    text = he.open("/settings/selling").text
    he.send("/language", to="en", back="/")
    assert "网点管理员" in text and "Branch administrator" not in text


def test_faults_of_a_promise_are_told_with_the_names_of_their_boxes(people: People, office: Office) -> None:
    wang, address = people["wang"], office.rows.fill("/receivables/{id}")
    wang.open(address)
    fields = {"csrf": wang.token(), "promised_on": "2026-13-45", "amount": "abc"}
    answer = wang.client.post(f"{address}/promise", data=fields, headers={"accept": "text/html"})
    assert answer.status_code == 422
    links = re.findall(r'<a href="#f-promise-\w+">([^<]+)</a>', answer.text)
    assert [text.partition(": ")[0] for text in links] == ["Pays on", "Amount"]
