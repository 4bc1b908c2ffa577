"""Who may open what: every route for every role, and rows outside reach for everybody."""

from uuid import uuid4

import pytest

from branch_node.calendar.routes import ROUTES as CALENDAR
from branch_node.customers.routes import ROUTES as CUSTOMERS
from branch_node.directives.routes import ROUTES as DIRECTIVES
from branch_node.feedback.routes import ROUTES as FEEDBACK
from branch_node.figures.routes import ROUTES as FIGURES
from branch_node.followups.routes import ROUTES as FOLLOWUPS
from branch_node.intelligence.routes import ROUTES as NOTES
from branch_node.merges.routes import ROUTES as MERGES
from branch_node.news.routes import ROUTES as NEWS
from branch_node.opportunities.routes import ROUTES as OPPORTUNITIES
from branch_node.plans.routes import ROUTES as PLANS
from branch_node.staff.routes import ROUTES as STAFF
from branch_node.tasks.routes import ROUTES as TASKS
from branch_node.vcards.routes import ROUTES as CARDS
from shared.web.routing import PUBLIC, Route
from tests.support.branch_site import USERS, BranchSite
from tests.support.web_site import Visitor, ids_used_twice

ROUTES = [
    *CALENDAR,
    *CARDS,
    *CUSTOMERS,
    *DIRECTIVES,
    *FEEDBACK,
    *FIGURES,
    *FOLLOWUPS,
    *MERGES,
    *NEWS,
    *NOTES,
    *OPPORTUNITIES,
    *PLANS,
    *STAFF,
    *TASKS,
]
NAMES = [f"{route.method} {route.url}" for route in ROUTES]
People = dict[str, Visitor]


def may(name: str, route: Route) -> bool:
    return not isinstance(route.permission, str) or USERS[name].person.may(route.permission)


def ask(visitor: Visitor, route: Route, url: str) -> int:
    """The status; posts are empty and carry the token of the account page. A stream never ends: only its head."""
    if route.url.endswith("/live"):
        return int(visitor.client.head(url, follow_redirects=False).status_code)
    if route.method == "GET":
        answer = visitor.client.get(url, follow_redirects=False)
        assert not ids_used_twice(answer.text), url
        return int(answer.status_code)
    headers = {"x-csrf-token": visitor.lasting_token(), "origin": "http://testserver", "accept": "text/html"}
    return int(visitor.client.post(url, headers=headers, follow_redirects=False).status_code)


@pytest.mark.parametrize("route", ROUTES, ids=NAMES)
def test_a_route_answers_those_who_have_its_right_and_nobody_else(
    route: Route, people: People, site: BranchSite
) -> None:
    for name in USERS:
        url = site.rows.fill(route.url)
        if route.method == "POST":
            url = route.url
            for place in ("id", "contact", "address", "deputy", "file"):
                url = url.replace(f"{{{place}}}", str(uuid4()))
            url = url.replace("{code}", "nobodys_role")
        status = ask(people[name], route, url)
        assert status < 500, (name, status)
        if may(name, route):
            assert status not in (401, 403), (name, status)
        else:
            assert status == 403, (name, status)


@pytest.mark.parametrize(
    "route",
    [route for route in ROUTES if route.method == "GET" and route.permission is not PUBLIC],
    ids=lambda one: one.url,
)
def test_nobody_is_asked_to_sign_in_first(route: Route, people: People, site: BranchSite) -> None:
    answer = people["nobody"].client.get(site.rows.fill(route.url), follow_redirects=False)
    if route.is_api:
        assert answer.status_code == 401
    else:
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in")


# What Zhou's customer answers to whom: Ma Li manages the branch, Zhou its customers, Wang its money.
FOREIGN = {"lin": 404, "sun": 404, "ma": 200, "zhou": 200, "wang": 200, "he": 200}


@pytest.mark.parametrize(("name", "expected"), FOREIGN.items())
def test_a_customer_outside_reach_is_not_there(
    name: str, expected: int, people: People, site: BranchSite
) -> None:
    url = f"/customers/{site.rows.foreign}"
    assert people[name].open(url).status_code == expected
    assert people[name].open(f"/api/v1{url}").status_code == expected


@pytest.mark.parametrize("name", ["lin", "sun"])
def test_rows_outside_reach_are_in_no_list_count_export_or_search(name: str, people: People) -> None:
    for url in (
        "/customers", "/customers?status=prospect", "/customers/pick?q=西部", "/find?q=xibu", "/api/v1/customers?q=西部",
        "/api/v1/figures/newest-customers", "/plan/suggest?line=@西部", "/customers?format=csv", "/followups?view=due",
    ):  # fmt: skip
        answer = people[name].open(url)
        assert "西部机床" not in answer.text, url


def test_who_may_see_that_row_finds_it_in_the_same_places(people: People) -> None:
    for url in ("/customers", "/customers/pick?q=西部", "/find?q=xibu", "/api/v1/figures/newest-customers"):
        assert "西部机床" in people["ma"].open(url).text, url


def test_a_change_to_a_foreign_customer_is_refused_and_changes_nothing(
    people: People, site: BranchSite
) -> None:
    url = f"/customers/{site.rows.foreign}"
    people["lin"].open("/me")
    assert people["lin"].send(url, follow=False, name="Mine now").status_code == 404
    assert "西部机床有限公司" in people["zhou"].open(url).text


def test_lin_sees_no_day_but_her_own_and_sun_sees_hers(people: People) -> None:
    assert people["lin"].open(f"/team/{USERS['sun'].id}").status_code == 404
    assert people["sun"].open(f"/team/{USERS['lin'].id}").status_code == 200
    assert people["sun"].open(f"/team/{USERS['wang'].id}").status_code == 404


def test_an_administrator_without_a_plan_lands_on_the_staff(people: People) -> None:
    assert people["he"].open("/").url.path == "/staff"


def test_the_history_of_a_record_is_for_whoever_may_see_the_record(people: People, site: BranchSite) -> None:
    url = f"/history/opportunities/{site.rows.opportunity}"
    answers = {name: people[name].open(url).status_code for name in ("lin", "sun", "wang", "he")}
    assert answers == {"lin": 200, "sun": 200, "wang": 403, "he": 403}
    assert people["lin"].open(f"/history/feedback/{site.rows.feedback}").status_code == 200
    assert people["lin"].open(f"/history/staff/{USERS['lin'].id}").status_code == 200
    assert people["lin"].open(f"/history/nothing/{uuid4()}").status_code == 404
    assert people["nobody"].client.get(url, follow_redirects=False).status_code == 303
