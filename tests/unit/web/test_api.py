"""Bearer tokens, scopes, and the OpenAPI document."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from shared import clock
from shared.clock import FixedClock
from shared.web.responses import json_answer
from shared.web.routing import PUBLIC, ApiDoc, Route
from tests.support.web_site import Visitor, tea_app, visitor_of


class CupQuery(BaseModel):
    since: str
    size: int = 50


class Cup(BaseModel):
    name: str


async def cups(request: Request) -> Response:
    return json_answer({"name": request.state.person.name, "rights": sorted(request.state.person.grants)})


ROUTES = [
    Route("GET", "/api/v1/cups", cups, "customer.view", api=ApiDoc("Cups", query=CupQuery, response=Cup)),
    Route(
        "POST", "/api/v1/cups", cups, "settings.edit", api=ApiDoc("Pour", body=Cup, status=201, errors=(409,))
    ),
    Route("GET", "/api/v1/cups/{id:uuid}", cups, PUBLIC, api=ApiDoc("One cup")),
]


@pytest.fixture
def ada(tmp_path: Path):  # type: ignore[no-untyped-def]
    with visitor_of(tea_app(tmp_path, ROUTES)) as visitor:
        visitor.sign_in("ada")
        visitor.open("/me")
        yield visitor


def make_token(visitor: Visitor, **fields: object) -> str:
    """A token made on the account page."""
    visitor.open("/me")
    answer = visitor.send("/me/tokens", **{"name": "till", "days": "30", **fields})
    assert answer.status_code == 200, visitor.text()
    return re.search(r"tl_[\w-]{43}", visitor.page)[0]  # type: ignore[index]


def call(visitor: Visitor, token: str, method: str = "GET") -> Response:
    """The API, by a program: no cookies."""
    return visitor.other_browser().client.request(  # type: ignore[no-any-return]
        method, "/api/v1/cups", headers={"authorization": f"Bearer {token}"}
    )


def test_a_token_has_the_rights_of_its_account(ada: Visitor) -> None:
    token = make_token(ada)
    assert call(ada, token).json() == {
        "name": "Ada",
        "rights": ["customer.view", "settings.edit", "token.edit"],
    }  # type: ignore[attr-defined]
    assert call(ada, token, "POST").status_code == 200


def test_scopes_narrow_it(ada: Visitor) -> None:
    token = make_token(ada, scopes=["customer.view"])
    assert call(ada, token).json()["rights"] == ["customer.view"]  # type: ignore[attr-defined]
    refused = call(ada, token, "POST")
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "forbidden"  # type: ignore[attr-defined]


def test_a_token_cannot_have_rights_its_maker_lacks(ada: Visitor) -> None:
    answer = ada.send("/me/tokens", name="till", days="30", scopes=["node.control"])
    assert answer.status_code == 422
    assert "only have rights that you have" in ada.text()


def test_the_token_is_shown_once_and_never_stored(ada: Visitor) -> None:
    from shared.web.models import ApiToken
    from tests.support.web_site import in_app

    token = make_token(ada)
    ada.open("/me")
    assert token not in ada.page and "till" in ada.page
    row = in_app(ada.client.app, lambda: ApiToken.all().first())  # type: ignore[arg-type, return-value]
    assert token not in repr(dict(row))


def test_revoked_and_expired_tokens_are_refused(ada: Visitor) -> None:
    token, other = make_token(ada), make_token(ada)
    with clock.use(FixedClock(clock.now())) as now:
        ada.open("/me")
        row_id = re.search(r'name="id" value="([\w-]+)"><button class="btn btn-sm ops-danger">', ada.page)[1]  # type: ignore[index]
        ada.send("/me/tokens/revoke", id=row_id)
        assert sorted([call(ada, token).status_code, call(ada, other).status_code]) == [200, 401]
        now.advance(days=31)
        refused = call(ada, other)
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == "Bearer"
    assert refused.json()["error"]["code"] == "token.bad"  # type: ignore[attr-defined]


def test_nobody_can_revoke_the_token_of_somebody_else(ada: Visitor) -> None:
    from shared.web.models import ApiToken
    from tests.support.web_site import in_app

    token = make_token(ada)
    row = in_app(ada.client.app, lambda: ApiToken.all().first())  # type: ignore[arg-type, return-value]
    lin = ada.other_browser()
    lin.sign_in("lin")
    lin.open("/me")
    assert lin.send("/me/tokens/revoke", id=str(row.id)).status_code == 404
    assert call(ada, token).status_code == 200


def test_making_tokens_needs_the_right(ada: Visitor) -> None:
    lin = ada.other_browser()
    lin.sign_in("lin")
    lin.open("/me")
    assert lin.send("/me/tokens", name="till", days="30").status_code == 403
    assert "API tokens" not in lin.open("/me").text


def test_a_bad_token_never_falls_back_to_the_cookie(ada: Visitor) -> None:
    answer = ada.client.get("/api/v1/cups", headers={"authorization": "Bearer tl_wrong"})
    assert answer.status_code == 401


def test_tokens_work_for_the_api_only(ada: Visitor) -> None:
    token = make_token(ada)
    answer = ada.other_browser().client.get(
        "/me", headers={"authorization": f"Bearer {token}"}, follow_redirects=False
    )
    assert answer.status_code == 303


def test_without_a_token_the_api_answers_401_in_json(ada: Visitor) -> None:
    answer = ada.other_browser().client.get("/api/v1/cups")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "not_signed_in")


def test_the_document_describes_every_route_of_the_api(ada: Visitor) -> None:
    found = ada.client.get("/api/v1/openapi.json").json()
    assert found["openapi"] == "3.1.0"
    assert set(found["paths"]) == {"/api/v1/cups", "/api/v1/cups/{id}"}
    listing = found["paths"]["/api/v1/cups"]["get"]
    assert [(one["name"], one["in"], one["required"]) for one in listing["parameters"]] == [
        ("since", "query", True),
        ("size", "query", False),
    ]
    assert listing["responses"]["200"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Cup"
    }
    assert "customer.view" in listing["description"]
    pouring = found["paths"]["/api/v1/cups"]["post"]
    assert pouring["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Cup"
    }
    assert set(pouring["responses"]) == {"201", "409", "default"}
    assert pouring["parameters"][-1]["name"] == "Idempotency-Key"
    assert found["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert "security" not in found["paths"]["/api/v1/cups/{id}"]["get"]


def test_every_reference_of_the_document_leads_somewhere(ada: Visitor) -> None:
    text = ada.client.get("/api/v1/openapi.json").text
    schemas = ada.client.get("/api/v1/openapi.json").json()["components"]["schemas"]
    assert set(re.findall(r'"#/components/schemas/(\w+)"', text)) <= set(schemas)
