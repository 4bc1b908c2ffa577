"""Routes are found by the first words of their address as they would be one after the other."""

from uuid import uuid4

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Router
from starlette.routing import Route as StarletteRoute
from starlette.testclient import TestClient

from shared.web.app import starlette_routes
from shared.web.routing import SIGNED_IN, Route, RouteError
from shared.web.settings import WebSettings
from shared.web.switch import Switch


def route(path: str, method: str = "GET") -> StarletteRoute:
    async def answer(request: Request) -> Response:
        return PlainTextResponse(f"{method} {path} {sorted(request.path_params.items())}")

    return StarletteRoute(path, answer, methods=[method], name=f"{method} {path}")


ROUTES = [
    route("/"),
    route("/cups"),
    route("/cups/new"),
    route("/cups", "POST"),
    route("/cups/{id}"),
    route("/cups/{id}/fill", "POST"),
    route("/api/v1/cups"),
    route("/api/v1/cups/{id}"),
    route("/api/v1/pots/{id}"),
]
ASKED = [
    ("GET", "/"),
    ("GET", "/cups"),
    ("HEAD", "/cups"),
    ("POST", "/cups"),
    ("GET", "/cups/new"),
    ("GET", "/cups/7"),
    ("POST", "/cups/7"),
    ("GET", "/cups/7/fill"),
    ("GET", "/api/v1/cups/7"),
    ("GET", "/api/v1/pots/7"),
    ("GET", "/api/v1/pots"),
    ("GET", "/api"),
    ("DELETE", "/pots"),
    ("GET", "/cups/"),
    ("GET", "//cups"),
]


@pytest.mark.parametrize(("method", "path"), ASKED)
def test_the_same_route_answers(method: str, path: str) -> None:
    def ask(routes: list[BaseRoute]) -> tuple[int, str, str | None]:
        with TestClient(Router(routes)) as client:
            answer = client.request(method, path, follow_redirects=False)
        return answer.status_code, answer.text, answer.headers.get("allow")

    assert ask([Switch(ROUTES)]) == ask(list(ROUTES))


def test_an_address_that_begins_with_a_parameter_is_refused() -> None:
    with pytest.raises(RouteError):
        Switch([route("/{anything}")])


def test_the_permission_of_a_page_is_known_by_its_address() -> None:
    async def answer(request: Request) -> Response:
        return PlainTextResponse("")

    pages = Switch(
        starlette_routes(
            [
                Route("GET", "/cups", answer, "customer.view"),
                Route("GET", "/cups/{id:uuid}", answer, "order.view"),
                Route("POST", "/cups/fill", answer, "order.edit"),
                Route("GET", "/me", answer, SIGNED_IN),
            ],
            WebSettings(),
        )
    )
    asked = ("/cups", f"/cups/{uuid4()}", "/cups/new", "/cups/fill", "/me", "/pots")
    assert [pages.permission_of(path) for path in asked] == [
        "customer.view", "order.view", None, None, SIGNED_IN, None,
    ]  # fmt: skip
