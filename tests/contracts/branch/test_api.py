"""The JSON API of customers, follow-ups and plans, as an integration with a bearer token calls it."""

from typing import Any

import pytest

from branch_node.home import at_home
from shared import clock
from shared.records import CustomFieldDef
from shared.web.models import Account, ApiToken
from shared.web.session import token_hash
from tests.support.branch_site import BranchSite
from tests.support.web_site import Visitor, in_app

People = dict[str, Visitor]


class Integration:
    """A program with Lin's token; never a cookie."""

    def __init__(self, visitor: Visitor, token: str) -> None:
        self.client = visitor.other_browser().client
        self.headers = {"authorization": f"Bearer {token}", "accept": "application/json"}

    def get(self, url: str) -> Any:
        return self.client.get(f"/api/v1{url}", headers=self.headers)

    def post(self, url: str, body: Any, **headers: str) -> Any:
        return self.client.post(f"/api/v1{url}", json=body, headers={**self.headers, **headers})


def token_for(site: BranchSite, name: str, token: str, scopes: list[str]) -> None:
    async def work() -> None:
        account = await Account.get(username=name)
        await ApiToken.create(
            token_hash=token_hash(token), name="test", account=account, scopes=scopes, created_at=clock.now()
        )

    in_app(site.app, work)


@pytest.fixture(scope="module")
def lin(site: BranchSite, people: People) -> Integration:
    token_for(site, "lin", "lins-token", [])
    return Integration(people["lin"], "lins-token")


def test_a_customer_is_created_read_and_listed(lin: Integration) -> None:
    made = lin.post("/customers", {"name": "API Works Ltd", "city": "Ningbo", "phone": "0574-8700 1234"})
    assert made.status_code == 201, made.text
    body = made.json()
    assert (body["name"], body["status"], body["revision"] >= 1) == ("API Works Ltd", "prospect", True)
    assert lin.get(f"/customers/{body['id']}").json()["city"] == "Ningbo"
    listed = lin.get("/customers?q=api%20works").json()
    assert [row["name"] for row in listed["rows"]] == ["API Works Ltd"]
    assert listed["rows"][0]["remaining"] == {"amount": "0.00", "currency": "CNY"}
    again = lin.post("/customers", {"name": "API WORKS LIMITED"})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "customer.duplicate")
    confirmed = lin.post("/customers", {"name": "API WORKS LIMITED", "confirmed": True})
    assert confirmed.status_code == 201


def test_faults_come_field_by_field(lin: Integration) -> None:
    answer = lin.post("/customers", {"email": "nonsense", "payment_terms_days": 9_999})
    assert answer.status_code == 422
    assert set(answer.json()["error"]["fields"]) == {"name", "email", "payment_terms_days"}
    broken = lin.client.post("/api/v1/customers", content=b"{", headers=lin.headers)
    assert (broken.status_code, broken.json()["error"]["code"]) == (422, "json.unreadable")


def test_the_same_post_with_its_key_is_done_once(lin: Integration) -> None:
    body = {"name": "Once Ltd"}
    first = lin.post("/customers", body, **{"idempotency-key": "once-1"})
    second = lin.post("/customers", body, **{"idempotency-key": "once-1"})
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] == second.json()["id"]


def test_a_follow_up_is_recorded_and_read(lin: Integration, site: BranchSite) -> None:
    made = lin.post(
        "/activities", {"customer_id": str(site.rows.customer), "kind": "visit", "subject": "over the wire"}
    )
    assert made.status_code == 201, made.text
    assert lin.get(f"/activities/{made.json()['id']}").json()["subject"] == "over the wire"
    assert "over the wire" in [row["subject"] for row in lin.get("/activities?kind=visit").json()["rows"]]
    foreign = lin.post("/activities", {"customer_id": str(site.rows.foreign), "subject": "x"})
    assert foreign.status_code == 404


def test_a_line_is_added_to_the_plan(lin: Integration) -> None:
    made = lin.post("/plans/items", {"line": "15:30 #call @hdjd !!"})
    assert made.status_code == 201, made.text
    assert (made.json()["kind"], made.json()["at_time"]) == ("call", "15:30")
    assert lin.get(f"/plans/items/{made.json()['id']}").json()["important"] is True
    day = lin.get("/plans").json()
    assert day["tally"]["planned"] == len(day["items"])
    assert [row["name"] for row in lin.get("/plans/team").json()["rows"]] == ["林娜"]


def test_a_token_with_narrower_rights_does_less(site: BranchSite, people: People) -> None:
    token_for(site, "lin", "reader", ["customer.view"])
    reader = Integration(people["lin"], "reader")
    assert reader.get("/customers").status_code == 200
    assert reader.post("/customers", {"name": "No"}).status_code == 403
    assert Integration(people["lin"], "wrong").get("/customers").status_code == 401


def test_every_api_route_is_described(people: People) -> None:
    document = people["nobody"].client.get("/api/v1/openapi.json").json()
    for path, methods in {
        "/api/v1/customers": {"get", "post"},
        "/api/v1/customers/{id}": {"get"},
        "/api/v1/activities": {"get", "post"},
        "/api/v1/plans": {"get"},
        "/api/v1/plans/items": {"post"},
        "/api/v1/figures/ageing": {"get"},
    }.items():
        assert set(document["paths"][path]) == methods, path
        for operation in document["paths"][path].values():
            assert operation["summary"]


def test_own_fields_are_asked_kept_and_shown(site: BranchSite, people: People) -> None:
    he, lin = people["he"], people["lin"]
    he.open("/settings/fields")
    refused = he.send("/settings/fields", entity="customer", label="Colour", kind="choice", choices="red")
    assert refused.status_code == 422
    he.send(
        "/settings/fields",
        entity="customer",
        label="Colour",
        kind="choice",
        choices="red\nblue",
        required="1",
    )
    assert "Colour" in he.text()
    url = f"/customers/{site.rows.customer}"
    lin.open(f"{url}/edit")
    missing = lin.send(url, name="华东机电有限公司", payment_terms_days="30")
    assert missing.status_code == 422
    assert 'href="#f-custom_colour"' in missing.text
    wrong = lin.send(url, name="华东机电有限公司", payment_terms_days="30", custom_colour="green")
    assert wrong.status_code == 422
    lin.send(url, name="华东机电有限公司", payment_terms_days="30", custom_colour="blue")
    assert "blue" in lin.text()

    async def hide() -> None:
        with at_home(site.settings.home):
            await CustomFieldDef.filter(key="colour").update(active=False)

    in_app(site.app, hide)
    assert "custom_colour" not in lin.open(f"{url}/edit").text
