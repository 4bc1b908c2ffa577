"""What an attacker types at a branch: every answer is a page with words, and nothing fails."""

from urllib.parse import urlencode

import pytest

from tests.contracts.branch_sales.conftest import Office
from tests.support.hostile import NOBODY, VALUES, forms_of, sent
from tests.support.web_site import Visitor

People = dict[str, Visitor]
FORMS = {
    "/customers/new": "lin", "/orders/new": "lin", "/quotes/new": "lin", "/opportunities/new": "lin", "/expenses/new": "lin",
    "/receipts/new": "wang", "/receivables/{id}": "wang", "/followups/new": "lin", "/settings/selling": "he", "/tasks/new": "sun",
    "/feedback/new": "lin", "/": "lin",
}  # fmt: skip
PAGES = {
    "/customers": "lin", "/orders": "lin", "/orders/new": "lin", "/receipts": "wang", "/receipts/check": "wang", "/receivables": "wang",
    "/expenses": "lin", "/income": "ma", "/opportunities": "lin", "/approvals": "sun", "/trail": "he", "/plan/day": "lin", "/team": "ma",
    "/sync": "he", "/orders/preview": "lin",
}  # fmt: skip
READ = (
    "period",
    "as_of",
    "day",
    "from_on",
    "after",
    "size",
    "customer",
    "currency",
    "payment_terms_days",
    "q",
)
ASKED = ("last day", "superscript", "huge number", "half a character")


@pytest.mark.parametrize("url", FORMS)
def test_whatever_is_typed_into_a_form_is_answered_in_words(people: People, office: Office, url: str) -> None:
    visitor, address = people[FORMS[url]], office.rows.fill(url)
    assert visitor.open(address).status_code == 200
    forms = [form for form in forms_of(visitor.page, address) if form.action not in ("/language", "/theme")]
    assert forms
    for form in forms:
        for label, fields in form.floods():
            assert sent(visitor, form.action, fields).status_code < 500, (form.action, label)


@pytest.mark.parametrize("url", PAGES)
def test_whatever_the_address_asks_is_answered_in_words(people: People, url: str) -> None:
    visitor = people[PAGES[url]]
    for name in READ:
        for label in ASKED:
            query = urlencode({name: VALUES[label]}, errors="surrogatepass")
            answer = visitor.open(f"{url}?{query}")
            assert answer.status_code in (200, 404, 422), (name, label)


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
