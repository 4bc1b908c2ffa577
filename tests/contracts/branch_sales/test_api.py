"""The JSON API of orders, receipts and expenses: the same rules and refusals as the pages, money as decimal text."""

from typing import Any

from tests.contracts.branch_sales.conftest import Office
from tests.support.web_site import Visitor

People = dict[str, Visitor]


def post(visitor: Visitor, url: str, body: Any, **headers: str) -> Any:
    visitor.open("/me")
    given = {"x-csrf-token": visitor.token(), "origin": "http://testserver", **headers}
    return visitor.client.post(f"/api/v1{url}", json=body, headers=given)


def day_of(office: Office) -> str:
    return office.site.settings.home.today.isoformat()


def test_an_order_is_entered_submitted_approved_and_paid(people: People, office: Office) -> None:
    lin, sun, wang = people["lin"], people["sun"], people["wang"]
    body = {
        "customer_id": str(office.rows.customer),
        "happened_on": day_of(office),
        "discount_percent": "3.33",
        "lines": [
            {"product": "M-20", "quantity": "1.5", "price": "1000.01"},
            {"text": "电缆", "list_price": "0.03"},
        ],
        "instalments": [{"share_percent": "33.33"}, {"share_percent": "66.67", "days": 30}],
    }
    made = post(lin, "/orders", body)
    assert made.status_code == 201, made.text
    order = made.json()
    assert order["subtotal"] == {"amount": "1500.05", "currency": "CNY"}
    assert order["total"]["amount"] == "1450.10"
    nets = [line["net"]["amount"] for line in order["lines"]]
    assert nets == ["1450.07", "0.03"]
    assert order["status"] == "draft"
    url = f"/orders/{order['id']}"
    assert post(lin, f"{url}/submit", {}).json()["status"] == "submitted"
    refused = post(sun, f"{url}/approve", {"verdict": "reject"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "approval.reason")
    own = post(lin, f"{url}/approve", {})
    assert own.status_code == 403
    approved = post(people["ma"], f"{url}/approve", {}).json()
    assert [part["amount"]["amount"] for part in approved["instalments"]] == ["483.32", "966.78"]
    again = post(people["ma"], f"{url}/approve", {})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "approval.none")
    parts = [{"receivable_id": approved["instalments"][0]["id"], "amount": "483.32"}]
    receipt = post(
        wang,
        "/receipts",
        {
            "customer_id": str(office.rows.customer),
            "amount": "500.00",
            "happened_on": day_of(office),
            "mode": "by_hand",
            "parts": parts,
        },
    )
    assert receipt.status_code == 201, receipt.text
    assert receipt.json()["unallocated"]["amount"] == "16.68"
    rest = [{"receivable_id": approved["instalments"][1]["id"], "amount": "16.69"}]
    too_much = post(wang, f"/receipts/{receipt.json()['id']}/allocate", {"parts": rest})
    assert (too_much.status_code, too_much.json()["error"]["code"]) == (422, "amount.too_much")
    rest[0]["amount"] = "16.68"
    done = post(wang, f"/receipts/{receipt.json()['id']}/allocate", {"parts": rest}).json()
    assert done["unallocated"]["amount"] == "0.00"
    assert len(done["allocations"]) == 2


def test_wrong_entries_are_named_as_the_body_names_them(people: People, office: Office) -> None:
    body = {
        "customer_id": str(office.rows.customer),
        "happened_on": "someday",
        "lines": [{"text": "x", "quantity": "many"}, {"product": "nothing like it"}],
    }
    answer = post(people["lin"], "/orders", body)
    assert answer.status_code == 422
    assert {"happened_on", "lines.0.quantity"} <= set(answer.json()["error"]["fields"])
    body["happened_on"] = day_of(office)
    body["lines"] = [{"text": "x", "list_price": "1"}, {"product": "nothing like it"}]
    answer = post(people["lin"], "/orders", body)
    assert set(answer.json()["error"]["fields"]) == {"lines.1.product_id"}


def test_the_same_key_twice_is_one_receipt(people: People, office: Office) -> None:
    body = {
        "customer_id": str(office.rows.customer), "amount": "3.21", "happened_on": day_of(office), "mode": "none",
    }  # fmt: skip
    key = {"idempotency-key": "receipt-3-21"}
    first = post(people["wang"], "/receipts", body, **key)
    second = post(people["wang"], "/receipts", body, **key)
    assert first.status_code == second.status_code == 201
    assert first.json()["id"] == second.json()["id"]


def test_an_expense_is_entered_and_listed(people: People, office: Office) -> None:
    body = {
        "category": "travel", "amount": "88.80", "currency": "CNY", "happened_on": day_of(office),
        "description": "出租车",
    }  # fmt: skip
    made = post(people["lin"], "/expenses", body)
    assert made.status_code == 201
    assert made.json()["amount"] == {"amount": "88.80", "currency": "CNY"}
    listed = people["lin"].client.get("/api/v1/expenses").json()
    assert "出租车" in {row["description"] for row in listed["rows"]}
    one = people["lin"].client.get(f"/api/v1/expenses/{made.json()['id']}").json()
    assert one["status"] == "draft"
    future = post(people["lin"], "/expenses", {**body, "happened_on": "+3"})
    assert set(future.json()["error"]["fields"]) == {"happened_on"}


def test_a_list_goes_on_where_its_cursor_says(people: People) -> None:
    seen: list[str] = []
    url = "/api/v1/orders?size=50&sort=number"
    while url:
        answer = people["ma"].client.get(url).json()
        seen += [row["id"] for row in answer["rows"]]
        url = f"/api/v1/orders?size=50&sort=number&after={answer['next']}" if answer["next"] else ""
    assert len(seen) == len(set(seen)) >= 4


def test_the_openapi_document_knows_these_routes(people: People) -> None:
    document = people["nobody"].client.get("/api/v1/openapi.json").json()
    assert {"get", "post"} <= set(document["paths"]["/api/v1/orders"])
    assert "post" in document["paths"]["/api/v1/orders/{id}/approve"]
    assert "post" in document["paths"]["/api/v1/receipts/{id}/allocate"]
    body = document["paths"]["/api/v1/orders"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["$ref"].rpartition("/")[2] in document["components"]["schemas"]


def test_levels_of_dunning_and_rules_of_selling_are_kept_by_those_who_may(people: People) -> None:
    wang, he, lin = people["wang"], people["he"], people["lin"]
    level = wang.client.get("/api/v1/dunning/levels").json()["rows"][0]
    changed = post(wang, f"/dunning/levels/{level['id']}", {**level, "subject": "到期提醒"})
    assert (changed.status_code, changed.json()["subject"]) == (200, "到期提醒")
    stale = post(wang, f"/dunning/levels/{level['id']}", {**level, "subject": "旧"})
    assert stale.status_code == 409
    rule = {"entity": "order", "name": "大单", "when": "amount", "threshold": "50000", "role_code": "finance"}
    made = post(he, "/approval-rules", rule)
    assert (made.status_code, made.json()["threshold"]) == (201, "50000.00")
    assert post(he, f"/approval-rules/{made.json()['id']}/switch", {}).json() == {"active": False}
    assert post(lin, "/approval-rules", rule).status_code == 403
