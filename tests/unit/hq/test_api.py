"""The JSON API of figures: the contract, tokens, files, refusals, and its own description."""

import csv
import io
from pathlib import Path

import openpyxl
import pytest

from hq.figures.queries import FIGURES
from shared import clock
from shared.database import open_database
from shared.web.models import Account, ApiToken
from shared.web.session import new_token, token_hash
from tests.support.hq_site import APPS, Headquarters, apart
from tests.support.site_client import Client
from tests.support.web_site import Visitor

CONTRACT = {"figure", "parameters", "rows", "total", "watermarks", "complete"}


@pytest.fixture(scope="module")
def chen(standing_site: Headquarters, standing_client: Client) -> Visitor:
    """The executive, signed in; the tests with her only read."""
    return standing_site.visitor(standing_client, "chen")


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_answers_in_the_shape_of_the_contract(chen: Visitor, name: str) -> None:
    answer = chen.client.get(f"/api/v1/figures/{name}?from=2026-01-01&to=2026-11-20&as_of=2026-11-20")
    assert answer.status_code == 200
    found = answer.json()
    assert set(found) == CONTRACT
    assert found["figure"] == name
    assert set(found["parameters"]) == {"unit", "from", "to", "as_of", "currency"}
    assert {frozenset(mark) for mark in found["watermarks"]} == {
        frozenset({"branch", "state", "complete_to", "position"})
    }
    assert found["complete"] is False
    for line in [*found["rows"], found["total"]]:
        assert {"unit", "name", "branch", "currency"} <= set(line)


def test_money_is_a_decimal_string_with_its_currency(chen: Visitor) -> None:
    found = chen.client.get("/api/v1/figures/receivables?currency=JPY").json()
    assert found["parameters"]["currency"] == "JPY"
    found = chen.client.get("/api/v1/figures/receivables").json()
    for line in found["rows"]:
        assert line["currency"] == "CNY"
        whole, _point, decimals = line["due"].lstrip("-").partition(".")
        assert whole.isdigit()
        assert len(decimals) == 2


def test_csv_says_what_it_is_and_adds_up(chen: Visitor) -> None:
    answer = chen.client.get("/api/v1/figures/sales?period=2026&format=csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0] == ["Sales"]
    assert "All branches" in rows[1][0]
    head = next(number for number, row in enumerate(rows) if len(row) > 3)
    place = rows[head].index("Ordered")
    amounts = [round(float(row[place]) * 100) for row in rows[head + 1 :]]
    assert amounts[-1] == sum(amounts[:-1])


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("/api/v1/figures/targets?measure=visits&format=csv", ["Targets: Visits", "Scope: All branches"]),
        ("/api/v1/figures/sales?without=HRB&format=csv", ["left out: HRB"]),
        ("/receivables/debtors?format=csv", ["Scope: All branches", "Partial: ", "Currency"]),
        (
            "/receivables/debtors?list=promises&status=kept&within=PAR&format=csv",
            ["Scope: Paris", "Filters: kept"],
        ),
        ("/warnings?list=over&format=csv&unit=region:east", ["Scope: East China", "Filters: Resolved"]),
    ],
)
def test_a_file_says_which_rows_it_holds(chen: Visitor, url: str, words: list[str]) -> None:
    text = chen.client.get(url).content.decode("utf-8-sig")
    assert [word for word in words if word not in text] == []


def test_xlsx_holds_numbers_and_no_formulas(chen: Visitor, tmp_path: Path) -> None:
    answer = chen.client.get("/api/v1/figures/receivables?format=xlsx")
    file = tmp_path / "figure.xlsx"
    file.write_bytes(answer.content)
    sheet = openpyxl.load_workbook(file).active
    assert sheet is not None
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert any(isinstance(cell.value, (int, float)) for cell in cells)
    assert not [cell for cell in cells if cell.data_type == "f"]


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        ("/api/v1/figures/profits", 404, "figure.unknown"),
        ("/api/v1/figures/sales?unit=branch:NOPE", 404, "not_found"),
        ("/api/v1/figures/sales?unit=x:y", 422, "unit.unreadable"),
        ("/api/v1/figures/sales?from=2026-13-01", 422, "day.unreadable"),
        ("/api/v1/figures/sales?from=2026-11-02&to=2026-11-01", 422, "period.reversed"),
        ("/api/v1/figures/sales?currency=ZZZ", 422, "currency.unknown"),
        ("/api/v1/figures/sales?currency=base", 422, "currency.mixed"),
        ("/api/v1/figures/sales?format=pdf", 422, "format.unknown"),
        ("/api/v1/figures/sales?limit=-1", 422, "number.unreadable"),
        ("/api/v1/figures/targets?measure=luck", 422, "measure.unknown"),
        ("/api/v1/figures/sales?unit=branch:SH&by=moon", 422, "by.unknown"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_code(chen: Visitor, url: str, status: int, code: str) -> None:
    answer = chen.client.get(url)
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == code


def test_limits_cut_rows_and_never_the_total(chen: Visitor) -> None:
    whole = chen.client.get("/api/v1/figures/receivables?unit=branch:SH").json()
    part = chen.client.get("/api/v1/figures/receivables?unit=branch:SH&limit=1&offset=1").json()
    assert len(part["rows"]) == 1
    assert part["rows"][0]["unit"] == whole["rows"][1]["unit"]
    keys = ("due", "received", "remaining", "unallocated", "row_count")
    assert {key: part["total"][key] for key in keys} == {key: whole["total"][key] for key in keys}


async def give_token(site: Headquarters, token: str, scopes: list[str]) -> None:
    async with open_database(site.settings.url_of_database, APPS):
        account = await Account.get(username="chen")
        await ApiToken.create(
            token_hash=token_hash(token), name="till", account=account, scopes=scopes, created_at=clock.now()
        )


def test_a_bearer_token_reads_what_its_scopes_allow(site: Headquarters, client: Client) -> None:
    token = new_token()
    apart(give_token(site, token, ["figures.view"]))
    client.cookies.clear()
    headers = {"authorization": f"Bearer {token}"}
    assert client.get("/api/v1/figures/sales", headers=headers).status_code == 200
    assert client.get("/api/v1/figures/receivables", headers=headers).status_code == 403
    assert client.get("/api/v1/figures/sales", headers={"authorization": "Bearer wrong"}).status_code == 401
    assert client.get("/api/v1/figures/sales").status_code == 401


def test_the_api_describes_itself(client: Client) -> None:
    document = client.get("/api/v1/openapi.json").json()
    operation = document["paths"]["/api/v1/figures/{name}"]["get"]
    names = {parameter["name"] for parameter in operation["parameters"]}
    assert {"name", "unit", "from", "to", "as_of", "currency", "format"} <= names
    assert set(operation["responses"]["200"]["content"]) >= {"application/json", "text/csv"}
    answer = document["components"]["schemas"]["FigureModel"]
    assert set(answer["required"]) == CONTRACT
