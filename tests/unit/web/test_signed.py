"""Signed requests take the short way: what a machine is answered there, and what it is spared."""

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Message, Receive, Scope, Send

from shared.database import fetch_value
from shared.errors import Conflict
from shared.i18n import DEFAULT_LOCALE, N_
from shared.web.envelope import Envelope
from shared.web.routing import PUBLIC, ApiDoc, Route
from shared.web.signed import SignedEndpoint
from tests.support.web_site import Visitor, tea_app, visitor_of

URL = "/agent/v1/cups"
DOC = ApiDoc("Cups (signed)")


async def take_cups(request: Request) -> Response:
    body = await request.body()
    match body:
        case b"taken":
            raise Conflict(N_("Possible again in %(time)s."), time="1 h", code="tea.cold")
        case b"gone":
            raise HTTPException(404)
        case b"broken":
            raise RuntimeError("the secret of the house")
    accounts = await fetch_value("SELECT count(*) AS n FROM web_account")
    return PlainTextResponse(f"{len(body)} bytes, {accounts} accounts, {request.state.locale}" + " " * 1_000)


class Broken(Response):
    """Its head leaves, then it is refused."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise Conflict(N_("Choose yes or no."))


@pytest.fixture
def visitor(tmp_path: Path):  # type: ignore[no-untyped-def]
    routes = [Route("POST", URL, take_cups, PUBLIC, api=DOC, is_signed=True)]
    with visitor_of(tea_app(tmp_path, routes, body_limit_bytes=100)) as found:
        yield found


def test_it_is_answered_with_the_database_and_without_what_only_a_browser_obeys(visitor: Visitor) -> None:
    answer = visitor.client.post(URL, content=b"x" * 100, headers={"accept-encoding": "gzip"})
    assert answer.text.strip() == f"100 bytes, 2 accounts, {DEFAULT_LOCALE}"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert len(answer.headers["x-request-id"]) == 12
    assert not {"content-security-policy", "content-encoding", "set-cookie"} & set(answer.headers)
    assert f'route="{URL}",site="tea",status="200"' in visitor.open("/metrics").text


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [(b"taken", 409, "tea.cold"), (b"gone", 404, "not_found"), (b"broken", 500, "defect"), (b"x" * 101, 413, "too_large")],
)  # fmt: skip
def test_a_refusal_has_the_shape_of_the_api(visitor: Visitor, body: bytes, status: int, code: str) -> None:
    answer = visitor.client.post(URL, content=body, headers={"accept": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["error"]["request_id"] == answer.headers["x-request-id"]
    assert "secret of the house" not in answer.text


def test_another_method_is_answered_as_everywhere(visitor: Visitor) -> None:
    assert visitor.client.get(URL).status_code == 405


async def test_an_answer_that_has_begun_is_cut_and_not_answered_twice() -> None:
    sent: list[str] = []

    async def begin(_request: Request) -> Response:
        return Broken()

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def keep(message: Message) -> None:
        sent.append(message["type"])

    endpoint = SignedEndpoint(Route("POST", URL, begin, PUBLIC, is_signed=True), 100)
    envelope = Envelope(endpoint, "tea", https=False, signed={("POST", URL): endpoint})
    app = SimpleNamespace(state=SimpleNamespace(use_database=nullcontext))
    scope = {"type": "http", "method": "POST", "path": URL, "headers": [], "query_string": b"", "app": app}
    with pytest.raises(Conflict):
        await envelope(scope, receive, keep)
    assert sent == ["http.response.start"]
