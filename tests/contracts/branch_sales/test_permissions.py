"""Who may open what of sales and money: every route for every role, and rows outside reach for everybody."""

import re
from uuid import uuid4

import pytest

from branch_node.routes import FEATURES, all_routes, routes_of
from shared.web.routing import Route
from tests.contracts.branch_sales.conftest import Office
from tests.support.branch_site import USERS
from tests.support.web_site import Visitor, ids_used_twice

FIELD_WORK = (
    "calendar", "customers", "directives", "feedback", "figures", "followups", "intelligence", "news", "opportunities", "plans",
    "staff", "targets", "tasks", "imports", "replication",
)  # fmt: skip
"""Rooms whose routes tests/contracts/branch and tests/imports ask; all others are asked here."""
ROUTES = [route for name in FEATURES if name not in FIELD_WORK for route in routes_of(name)]
NAMES = [f"{route.method} {route.url}" for route in ROUTES]
READS = [route for route in ROUTES if route.method == "GET"]
People = dict[str, Visitor]


def may(name: str, route: Route) -> bool:
    return not isinstance(route.permission, str) or USERS[name].person.may(route.permission)


def ask(visitor: Visitor, route: Route, url: str) -> int:
    """The status; posts are empty and carry the token of the account page."""
    if route.method == "GET":
        answer = visitor.client.get(url, follow_redirects=False)
        assert not ids_used_twice(answer.text), url
        return int(answer.status_code)
    headers = {"x-csrf-token": visitor.lasting_token(), "origin": "http://testserver", "accept": "text/html"}
    return int(visitor.client.post(url, headers=headers, follow_redirects=False).status_code)


@pytest.mark.parametrize("route", ROUTES, ids=NAMES)
def test_a_route_answers_those_who_have_its_right_and_nobody_else(
    route: Route, people: People, office: Office
) -> None:
    for name in USERS:
        url = office.rows.fill(route.url)
        if route.method == "POST":
            url = route.url
            url = re.sub(r"\{\w+\}", lambda _: str(uuid4()), url)
        status = ask(people[name], route, url)
        assert status < 500, (name, status)
        if may(name, route):
            assert status not in (401, 403), (name, status)
        else:
            assert status == 403, (name, status)


@pytest.mark.parametrize("route", READS, ids=lambda one: one.url)
def test_nobody_is_asked_to_sign_in_first(route: Route, people: People, office: Office) -> None:
    answer = people["nobody"].client.get(office.rows.fill(route.url), follow_redirects=False)
    assert answer.status_code == (401 if route.is_api else 303)


def test_every_route_of_the_branch_is_asked_here_or_in_the_rooms_of_field_work() -> None:
    asked = [*ROUTES, *(route for name in FIELD_WORK for route in routes_of(name))]
    assert {(one.method, one.url) for one in asked} == {(one.method, one.url) for one in all_routes()}


# What Lin's documents answer to whom: Sun leads her, Ma Li manages the branch, Wang its money, Zhou its customers.
LINS = {
    "/orders/{id}": {"lin": 200, "sun": 200, "ma": 200, "wang": 200, "zhou": 200, "he": 403},
    "/quotes/{id}": {"lin": 200, "sun": 200, "ma": 200, "wang": 200, "zhou": 200, "he": 403},
    "/receivables/{id}": {"lin": 200, "sun": 200, "ma": 200, "wang": 200, "zhou": 200, "he": 403},
    "/receipts/{id}": {"lin": 200, "sun": 200, "ma": 200, "wang": 200, "zhou": 403, "he": 403},
    "/expenses/{id}": {"lin": 200, "sun": 200, "ma": 200, "wang": 200, "zhou": 404, "he": 403},
    "/approvals/{id}": {"lin": 200, "sun": 200, "ma": 200, "wang": 200, "zhou": 200, "he": 404},
}


@pytest.mark.parametrize("url", LINS)
def test_lins_documents_are_seen_by_those_whose_reach_they_lie_in(
    url: str, people: People, office: Office
) -> None:
    found = {name: people[name].open(office.rows.fill(url)).status_code for name in LINS[url]}
    assert found == LINS[url]


FOREIGN = ("机床大修", "西部机床二厂")


@pytest.mark.parametrize(
    "url",
    [
        "/orders", "/orders?q=西部", "/orders?format=csv", "/api/v1/orders", "/api/v1/orders?q=西部", "/receivables",
        "/receivables?view=instalments", "/receivables?format=csv", "/receivables?view=instalments&format=csv",
        "/approvals?which=decided", "/income", "/quotes", "/receipts", "/expenses", "/customers/pick?q=西部",
    ],
)  # fmt: skip
def test_what_sun_sold_is_in_no_list_count_export_or_search_of_lins(url: str, people: People) -> None:
    answer = people["lin"].open(url)
    assert answer.status_code == 200
    assert not any(word in answer.text for word in FOREIGN)


def test_lins_figures_leave_out_what_is_not_hers(people: People) -> None:
    assert "1,000.00" in people["lin"].open("/receivables").text
    assert "2,000.00" not in people["lin"].open("/receivables").text
    assert "2,000.00" in people["ma"].open("/receivables").text
    assert "2,000.00" in people["ma"].open("/income").text
    assert "2,000.00" not in people["lin"].open("/income").text


def test_a_sum_of_a_part_of_the_branch_is_not_called_the_branch(people: People) -> None:
    for name, word, other in (("ma", "Branch", "Total"), ("lin", "Total", "Branch")):
        page = people[name].open("/income").text
        assert f'<th scope="row">{word}</th>' in page, name
        assert f'<th scope="row">{other}</th>' not in page, name
        assert f"The departments add up to the {word.lower()}." in page, name
        file = people[name].client.get("/income?format=csv").content.decode("utf-8-sig")
        assert file.splitlines()[-1].startswith(f"{word},"), name


def test_suns_order_is_not_there_for_lin_whatever_she_tries(people: People, office: Office) -> None:
    lin, url = people["lin"], f"/orders/{office.rows.foreign}"
    assert lin.open(url).status_code == 404
    assert lin.open(f"/api/v1{url}").status_code == 404
    lin.open("/me")
    for act in ("", "/submit", "/steps"):
        assert lin.send(f"{url}{act}", follow=False).status_code == 404
    assert people["sun"].open(url).status_code == 200


def test_who_may_see_that_order_finds_it_in_the_same_places(people: People) -> None:
    for url in ("/orders", "/receivables", "/receivables?view=instalments", "/orders?format=csv"):
        assert "西部机床二厂" in people["ma"].open(url).text, url


def test_a_token_narrowed_to_reading_approves_nothing(people: People, office: Office) -> None:
    answer = people["nobody"].client.post(
        f"/api/v1/orders/{office.rows.waiting}/approve", headers={"authorization": "Bearer nonsense"}, json={}
    )
    assert answer.status_code == 401
