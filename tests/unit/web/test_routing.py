"""Routes as data."""

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from shared.permissions import LABELS
from shared.web.routing import PUBLIC, SIGNED_IN, Route, RouteError, check_routes
from tests.support.web_site import Visitor, tea_app, visitor_of


async def handler(_request: Request) -> Response:
    return PlainTextResponse("shown")


def test_a_route_without_a_permission_does_not_start() -> None:
    for missing in ("", None, "customers", True):
        with pytest.raises(RouteError, match="GET /tea: no permission"):
            check_routes([Route("GET", "/tea", handler, missing)], LABELS)  # type: ignore[arg-type]


def test_a_right_that_nobody_can_be_granted_does_not_start() -> None:
    with pytest.raises(RouteError, match=r"nobody can be granted 'customer\.eat'"):
        check_routes([Route("GET", "/tea", handler, "customer.eat")], LABELS)


def test_all_faults_of_a_list_are_named_at_once() -> None:
    routes = [Route("GETT", "/a", handler, PUBLIC), Route("GET", "b", handler, SIGNED_IN)]
    with pytest.raises(RouteError) as caught:
        check_routes([*routes, routes[1]], LABELS)
    assert all(part in str(caught.value) for part in ("unknown method", "must begin with /", "given twice"))


@pytest.mark.parametrize(
    ("permission", "nobody", "lin", "ada"),
    [
        (PUBLIC, 200, 200, 200),
        (SIGNED_IN, 303, 200, 200),
        ("customer.view", 303, 200, 200),
        ("settings.edit", 303, 403, 200),
        ("node.control", 303, 403, 403),
    ],
)
def test_who_may_call_what(tmp_path, permission, nobody: int, lin: int, ada: int) -> None:  # type: ignore[no-untyped-def]
    app = tea_app(tmp_path, [Route("GET", "/tea", handler, permission)])
    with visitor_of(app) as visitor:
        assert visitor.client.get("/tea", follow_redirects=False).status_code == nobody
        for name, expected in (("lin", lin), ("ada", ada)):
            visitor.sign_in(name)
            assert visitor.client.get("/tea").status_code == expected
            visitor.client.cookies.clear()


def test_a_fixed_path_wins_over_a_parameter(tmp_path) -> None:  # type: ignore[no-untyped-def]
    async def one(request: Request) -> Response:
        return PlainTextResponse(f"one {request.path_params['id']}")

    routes = [Route("GET", "/tea/{id}", one, PUBLIC), Route("GET", "/tea/new", handler, PUBLIC)]
    with visitor_of(tea_app(tmp_path, routes)) as visitor:
        assert visitor.open("/tea/new").text == "shown"
        assert visitor.open("/tea/7").text == "one 7"


def test_the_refusal_of_a_page_names_the_right_and_who_grants_it(visitor: Visitor) -> None:
    visitor.sign_in("lin")
    answer = visitor.open("/patterns")
    assert answer.status_code == 403
    assert 'This needs the right "Change settings". The administrator grants it.' in visitor.text()
