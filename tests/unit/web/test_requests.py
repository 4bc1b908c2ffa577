"""What every request gets: ids, headers, limits, error pages, health."""

import json
import logging
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Message, Receive, Scope, Send

from shared.errors import Conflict, Invalid, TooMany, Unavailable
from shared.i18n import N_
from shared.money import Money
from shared.web.envelope import CONTENT_SECURITY_POLICY, Envelope
from shared.web.responses import part
from shared.web.routing import PUBLIC, SIGNED_IN, Route
from shared.web.templating import make_environment
from tests.support.web_site import Visitor, tea_app, visitor_of


@dataclass(frozen=True)
class Cups:
    state: str


async def fail(request: Request) -> Response:
    kind = request.path_params["kind"]
    raise {
        "conflict": Conflict(N_("Possible again in %(time)s."), time="1 h", code="tea.cold"),
        "changed": Conflict(N_("Choose yes or no."), code="tea.changed"),
        "money": Conflict(N_("used %(time)s"), time=Money(5, "CNY")),
        "invalid": Invalid(fields={"amount": N_("Enter an amount.")}),
        "often": TooMany(N_("Choose yes or no."), retry_after=7),
        "down": Unavailable(N_("Choose yes or no."), retry_after=30),
        "defect": RuntimeError("the secret of the house"),
    }[kind]


async def echo(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


ROUTES = [
    Route("GET", "/fail/{kind}", fail, PUBLIC),
    Route("GET", "/api/v1/fail/{kind}", fail, PUBLIC),
    Route("POST", "/api/v1/echo", echo, SIGNED_IN),
]


@pytest.fixture
def visitor(tmp_path: Path):  # type: ignore[no-untyped-def]
    with visitor_of(tea_app(tmp_path, ROUTES, body_limit_bytes=1_000)) as found:
        yield found


def test_secure_headers_are_on_every_answer(visitor: Visitor) -> None:
    for url in ("/sign-in", "/nothing", "/fail/defect", "/healthz", "/static/x/vendor/icons.svg"):
        headers = visitor.open(url).headers
        assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        assert len(headers["x-request-id"]) == 12
    assert "unsafe" not in CONTENT_SECURITY_POLICY and "http" not in CONTENT_SECURITY_POLICY


def test_a_request_id_from_the_proxy_is_kept_if_it_is_one(visitor: Visitor) -> None:
    assert (
        visitor.open("/healthz", **{"x-request-id": "proxy-12345678"}).headers["x-request-id"]
        == "proxy-12345678"
    )
    assert visitor.open("/healthz", **{"x-request-id": "a b\tc"}).headers["x-request-id"] != "a b\tc"


@pytest.mark.parametrize(
    ("url", "status", "title"),
    [
        ("/nothing", 404, "Nothing here"),
        ("/fail/conflict", 409, "Not possible now"),
        ("/fail/changed", 409, "Changed meanwhile"),
        ("/fail/invalid", 422, "Some entries need correcting"),
        ("/fail/often", 429, "Too often"),
        ("/fail/down", 503, "Not reachable at the moment"),
        ("/fail/defect", 500, "Something failed here"),
    ],
)
def test_error_pages_say_what_happened_in_the_frame(
    visitor: Visitor, url: str, status: int, title: str
) -> None:
    visitor.sign_in("lin")
    answer = visitor.open(url)
    assert answer.status_code == status
    assert f"<h1>{title}</h1>" in visitor.page
    assert "林娜" in visitor.page
    assert answer.headers["x-request-id"] in visitor.page


def test_error_pages_speak_the_language_of_the_browser(visitor: Visitor) -> None:
    visitor.open("/nothing", **{"accept-language": "zh-CN,zh;q=0.9,en;q=0.1"})
    assert "<h1>这里没有内容</h1>" in visitor.page and 'lang="zh-Hans"' in visitor.page


def test_a_wrong_method_says_which_are_right(visitor: Visitor) -> None:
    answer = visitor.client.delete("/sign-in", headers={"accept": "text/html"})
    assert answer.status_code == 405
    assert answer.headers["allow"]
    assert "Not done this way" in answer.text


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("conflict", 409, "tea.cold"),
        ("invalid", 422, "invalid"),
        ("often", 429, "too_many"),
        ("down", 503, "unavailable"),
        ("defect", 500, "defect"),
    ],
)
def test_the_api_has_one_error_shape(visitor: Visitor, kind: str, status: int, code: str) -> None:
    answer = visitor.client.get(f"/api/v1/fail/{kind}")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert error["request_id"] == answer.headers["x-request-id"]
    assert set(error) <= {"code", "message", "request_id", "fields", "retry_after"}


def test_fields_and_waiting_times_are_in_the_shape(visitor: Visitor) -> None:
    assert visitor.client.get("/api/v1/fail/invalid").json()["error"]["fields"] == {
        "amount": "Enter an amount."
    }
    answer = visitor.client.get("/api/v1/fail/often")
    assert answer.json()["error"]["retry_after"] == 7
    assert answer.headers["retry-after"] == "7"


def test_values_in_messages_are_written_for_the_reader(visitor: Visitor) -> None:
    visitor.open("/fail/money")
    assert "used ¥0.05" in visitor.text()


def test_a_defect_is_logged_with_its_number_and_not_shown(
    visitor: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = visitor.open("/fail/defect")
    assert "secret of the house" not in answer.text
    assert any(answer.headers["x-request-id"] in str(record.msg) for record in caplog.records)


async def test_a_body_cut_short_is_no_defect(caplog: pytest.LogCaptureFixture) -> None:
    sent: list[Message] = []

    async def reads(scope: Scope, receive: Receive, send: Send) -> None:
        await Request(scope, receive).body()

    async def hang_up() -> Message:
        return {"type": "http.disconnect"}

    async def keep(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}
    with caplog.at_level(logging.ERROR):
        await Envelope(reads, "tea", https=False)(scope, hang_up, keep)
    assert not sent and not caplog.records


def test_a_large_body_is_refused_before_it_is_read(visitor: Visitor) -> None:
    visitor.sign_in("ada")
    headers = {"x-csrf-token": token_of(visitor), "origin": "http://testserver"}
    assert visitor.client.post("/api/v1/echo", content=b"x" * 900, headers=headers).text == "900"
    announced = visitor.client.post("/api/v1/echo", content=b"x" * 1_001, headers=headers)
    assert announced.status_code == 413
    assert announced.json()["error"]["code"] == "too_large"
    unannounced = visitor.client.post("/api/v1/echo", content=iter([b"x" * 600] * 2), headers=headers)
    assert unannounced.status_code == 413


def token_of(visitor: Visitor) -> str:
    visitor.open("/me")
    return visitor.token()


def test_pages_are_not_kept_by_caches(visitor: Visitor) -> None:
    assert visitor.open("/sign-in").headers["cache-control"] == "no-store"


def test_healthz_answers_without_the_database(visitor: Visitor) -> None:
    assert visitor.open("/healthz").text == "ok"


def test_readyz_names_what_is_not_ready(visitor: Visitor) -> None:
    async def broker() -> str:
        return "the broker does not answer"

    assert visitor.open("/readyz").json() == {"ready": True, "checks": {"database": "ok", "load": "ok"}}
    visitor.client.app.state.checks["broker"] = broker
    answer = visitor.open("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": "ok", "load": "ok", "broker": "the broker does not answer"}


def test_metrics_count_requests_by_route_not_by_address(visitor: Visitor) -> None:
    visitor.open("/fail/conflict")
    text = visitor.open("/metrics").text
    assert 'trunkline_http_requests_total{method="GET",route="/fail/{kind}",site="tea",status="409"}' in text


def test_signed_out_htmx_is_sent_to_the_sign_in_page(visitor: Visitor) -> None:
    answer = visitor.client.get("/me", headers={"hx-request": "true"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/sign-in?next=/me")


def test_an_administrator_sees_what_the_page_cost(visitor: Visitor) -> None:
    visitor.sign_in("ada")
    visitor.open("/me")
    assert "with 3 queries" in visitor.text()
    visitor.client.cookies.clear()
    visitor.sign_in("lin")
    visitor.open("/me")
    assert "queries" not in visitor.text()


def test_the_language_is_kept_for_the_account_and_for_the_browser(visitor: Visitor) -> None:
    visitor.open("/sign-in")
    visitor.send("/language", to="zh_CN", back="/sign-in")
    assert "登录" in visitor.text()
    visitor.sign_in("lin")
    visitor.open("/me")
    assert "My account" in visitor.text()
    visitor.send("/language", to="zh_CN", back="/me")
    assert "我的账号" in visitor.text()
    assert json.dumps(visitor.send("/language", to="fr", back="/me").status_code) == "404"


def test_the_theme_is_set_by_the_server(visitor: Visitor) -> None:
    visitor.open("/sign-in")
    assert 'class="theme-auto"' in visitor.page
    visitor.send("/theme", to="dark", back="/sign-in")
    assert 'data-bs-theme="dark"' in visitor.page


def test_one_block_of_a_page_is_rendered_with_the_macros_it_imports(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "cups.html").write_text(
        '{% extends "base.html" %}{% from "parts/status.html" import status %}'
        "{% block content %}<h1>Cups</h1>{% block rows %}{{ status(page.state) }}{% endblock %}{% endblock %}"
    )

    async def cups(request: Request) -> Response:
        return part(request, "cups.html", Cups("ok"), block="rows")

    app = tea_app(tmp_path, [Route("GET", "/cups", cups, PUBLIC)])
    app.state.templates = make_environment([folder], app.state.static)
    with visitor_of(app) as visitor:
        text = visitor.open("/cups").text
    assert "circle-check" in text and "ok" in text
    assert "Cups" not in text and "<html" not in text
