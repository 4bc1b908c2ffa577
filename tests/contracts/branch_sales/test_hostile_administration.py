"""An attacker at the forms of those who run a branch: staff, roles, passwords, products, settings."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

import pytest

from branch_node.home import at_home
from shared.records import EmployeeRole, RoleGrant
from tests.contracts.branch_sales.conftest import Office
from tests.support.branch_site import USERS
from tests.support.cast import LIN, MANAGER, ZHOU
from tests.support.hostile import Boxes, forms_of, sent
from tests.support.web_site import Visitor, in_app

People = dict[str, Visitor]
FORMS = {
    "/me": "he", "/roles": "he", "/roles/salesperson": "he", "/staff/new": "he", "/staff/{employee}": "he",
    "/staff/{employee}/leave": "he", "/departments/new": "he", "/settings/fields": "he", "/products/new": "ma",
    "/products/{product}": "ma", "/products/{product}/edit": "ma", "/customers/hand-over": "ma", "/dunning/levels/{level}": "wang",
    "/customers/{customer}/edit": "lin", "/customers/{customer}/contacts/new": "lin", "/customers/{customer}/addresses/new": "lin",
    "/notifications": "lin", "/intel": "lin",
}  # fmt: skip
TOKEN = r'<code class="ops-secret">([^<]+)</code>'


def at_branch(office: Office, work: Any) -> Any:
    """Run `work` inside the site's database and home."""

    async def run() -> Any:
        with at_home(office.site.settings.home):
            return await work()

    return in_app(office.site.app, run)


@pytest.fixture(scope="module", autouse=True)
def products_are_kept(office: Office, people: People) -> None:
    """No built-in role may change products; here the manager may."""
    at_branch(
        office,
        lambda: RoleGrant.create(
            branch="SH", role_code="branch_manager", action="product.edit", scope="branch"
        ),
    )


def grants(office: Office) -> set[tuple[str, str, str]]:
    rows = at_branch(office, lambda: RoleGrant.filter(deleted_at=None).all())
    return {(row.role_code, row.action, row.scope) for row in rows}


def raw(visitor: Visitor, action: str, pairs: Sequence[tuple[str, str]]) -> Any:
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "accept": "text/html",
        "origin": "http://testserver",
    }
    content = urlencode([("csrf", visitor.token()), *pairs])
    return visitor.client.post(action, content=content, headers=headers, follow_redirects=False)


def shapes_of(form: Boxes) -> Iterator[list[tuple[str, str]]]:
    """The fields of a form in shapes that no browser sends: none, each alone, each twice, as members of lists and maps."""
    yield []
    for name, value in form.shown.items():
        yield [(name, value)]
    yield [(name, value) for name, shown in form.shown.items() for value in (shown, "x")]
    yield [(f"{name}[]", value) for name, value in form.shown.items()]
    yield [(f"{name}[0][x]", value) for name, value in form.shown.items()]


@pytest.mark.parametrize("url", FORMS)
def test_whatever_is_typed_is_answered_in_words(people: People, office: Office, url: str) -> None:
    visitor = people[FORMS[url]]
    address = url.format(**{**asdict(office.rows), "employee": ZHOU.id})
    assert visitor.open(address).status_code == 200
    forms = forms_of(visitor.page, address)
    assert forms
    for form in forms:
        for pairs in shapes_of(form):
            assert raw(visitor, form.action, pairs).status_code < 500, (form.action, pairs)
        for label, fields in form.floods(office.site.settings.database_url):
            assert sent(visitor, form.action, fields).status_code < 500, (form.action, label)


def test_a_form_of_rights_that_came_in_half_takes_none_away(people: People, office: Office) -> None:
    before = grants(office)
    people["he"].open("/roles/salesperson")
    assert raw(people["he"], "/roles/salesperson", []).status_code == 409
    assert raw(people["he"], "/roles/salesperson", [("order.edit", "company")]).status_code == 422
    assert raw(people["he"], f"/staff/{LIN.id}/roles", []).status_code == 409
    assert grants(office) == before


def test_of_two_who_change_a_role_the_second_is_told(people: People, office: Office) -> None:
    he = people["he"]
    shown = he.open("/roles/finance").text
    chosen = dict(re.findall(r'<select[^>]*name="([\w.]+)".*?value="(\w*)" selected', shown, re.S))
    seen = re.search(r'name="seen" value="(\w+)"', shown)
    assert seen
    first = he.send("/roles/finance", **{**chosen, "order.view": "own"}, seen=seen[1], follow=False)
    second = he.send("/roles/finance", **{**chosen, "news.view": ""}, seen=seen[1], follow=False)
    assert (first.status_code, second.status_code) == (303, 409)
    assert "Changed meanwhile" in second.text
    found = grants(office)
    assert ("finance", "order.view", "own") in found
    assert any(row[:2] == ("finance", "news.view") for row in found)


def test_who_runs_the_branch_cannot_lock_it(people: People, office: Office) -> None:
    he = people["he"]
    me = USERS["he"].id
    shown = he.open(f"/staff/{me}").text
    seen = re.search(r'name="seen" value="(\w+)"', shown)
    assert seen
    before = grants(office)
    answers = [
        he.send(f"/staff/{me}/roles", roles=["salesperson"], seen=seen[1], follow=False),
        he.send(f"/staff/{me}/leave", left_on="today", follow=False),
        he.send(f"/staff/{me}/account/disable", follow=False),
    ]
    assert [answer.status_code for answer in answers] == [409, 409, 409]
    assert all("Not possible now" in answer.text for answer in answers)
    assert grants(office) == before
    assert he.open("/roles").status_code == 200


OTHERS = {
    "lin": ("/roles", "/staff", "/settings/fields", "/products", f"/staff/{ZHOU.id}/password", "/roles/salesperson"),
    "wang": (f"/staff/{ZHOU.id}/roles", f"/staff/{ZHOU.id}/leave", "/departments", "/settings/selling/rules"),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_who_has_no_right_changes_nothing(people: People, office: Office, name: str) -> None:
    visitor, before = people[name], grants(office)
    visitor.open("/me")
    for url in OTHERS[name]:
        answer = visitor.send(
            url, password="a new password", roles=["branch_admin"], left_on="today", follow=False
        )
        assert answer.status_code == 403, url
        visitor.open("/me")
    assert grants(office) == before


# --- rights that end in the middle ----------------------------------------------------------------------------------


def token_of(visitor: Visitor) -> str:
    """A token of the JSON API, made on the account page."""
    visitor.open("/me")
    visitor.send("/me/tokens", name="a program", days="30")
    found = re.search(TOKEN, visitor.page)
    assert found
    return found[1]


def roles_of(he: Visitor, employee: Any, *roles: str) -> None:
    seen = re.search(r'name="seen" value="(\w+)"', he.open(f"/staff/{employee}").text)
    assert seen
    answer = he.send(f"/staff/{employee}/roles", roles=list(roles), seen=seen[1], follow=False)
    assert answer.status_code == 303


def test_a_role_taken_away_and_an_account_disabled_end_what_was_open(people: People, office: Office) -> None:
    he, browser = people["he"], people["ma"].other_browser()
    roles_of(he, MANAGER.id, "branch_manager", "branch_admin")
    browser.sign_in("ma")
    program = {"authorization": f"Bearer {token_of(browser)}"}
    other = people["nobody"].other_browser()
    assert other.open("/api/v1/customers", **program).status_code == 200
    roles_of(he, MANAGER.id)
    refused = browser.send("/customers", name="Too late", follow=False)
    assert refused.status_code == 403
    assert "<h1" in refused.text
    answer = other.open("/api/v1/customers", **program)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")
    roles_of(he, MANAGER.id, "branch_manager")
    he.open(f"/staff/{MANAGER.id}")
    assert he.send(f"/staff/{MANAGER.id}/account/disable", follow=False).status_code == 303
    assert browser.open("/customers").url.path == "/sign-in"
    gone = other.open("/api/v1/customers", **program)
    assert gone.status_code == 401
    assert gone.json()["error"]["message"]
    he.open(f"/staff/{MANAGER.id}")
    assert he.send(f"/staff/{MANAGER.id}/account/enable", follow=False).status_code == 303
    held = at_branch(office, lambda: EmployeeRole.filter(employee_id=MANAGER.id, deleted_at=None).all())
    assert [row.role_code for row in held] == ["branch_manager"]
