"""Routes are found by the first words of their address as they would be one after the other."""

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Router
from starlette.routing import Route as StarletteRoute
from starlette.testclient import TestClient

from shared.web.routing import RouteError
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
