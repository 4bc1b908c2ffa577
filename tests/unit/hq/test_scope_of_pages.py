"""Mei, executive of Paris and Tokyo, finds these two branches everywhere and no trace of another one."""

import csv
import io

import pytest

from hq.figures.queries import FIGURES
from shared.records import Customer, Employee, Receivable
from tests.support.hq_site import Headquarters
from tests.support.site_client import Client
from tests.support.web_site import Visitor

OTHERS = ("Shanghai", "Harbin", "Head office", "SH-", "HRB-", "HQ-")
PAGES = [
    "/?period=2026", "/compare?period=2026", "/receivables", "/receivables/receipts?period=2026", "/targets", "/profit?period=2026",
    "/staff", "/sales?period=2026", "/customers?period=2026", "/customers?tab=signed&period=2026",
    "/customers?tab=followup&list=never", "/news", "/feedback", "/feedback?view=all&branch=SH", "/branches", "/find?q=customer",
]  # fmt: skip


@pytest.fixture(scope="module")
def site(standing_site: Headquarters) -> Headquarters:
    """One site for the module: its tests only read."""
    return standing_site


@pytest.fixture(scope="module")
def mei(standing_site: Headquarters, standing_client: Client) -> Visitor:
    """The executive of Paris and Tokyo, signed in."""
    return standing_site.visitor(standing_client, "mei")


@pytest.mark.parametrize("url", PAGES)
def test_a_page_names_only_her_branches(mei: Visitor, url: str) -> None:
    answer = mei.open(url)
    assert answer.status_code == 200
    text = mei.text()
    assert not [word for word in OTHERS if word in text], url


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("kind", ["json", "csv", "xlsx"])
def test_exports_and_api_hold_only_her_branches(mei: Visitor, name: str, kind: str) -> None:
    answer = mei.client.get(f"/api/v1/figures/{name}?period=2026&format={kind}")
    assert answer.status_code == 200
    if kind == "json":
        found = answer.json()
        assert {mark["branch"] for mark in found["watermarks"]} == {"PAR", "TYO"}
        assert {line["branch"] for line in found["rows"]} <= {"PAR", "TYO", ""}
    if kind == "csv":
        rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert not [word for word in OTHERS if word in str(rows)]


@pytest.mark.parametrize("url", ["/", "/sales", "/compare", "/receivables", "/receivables/debtors", "/targets", "/profit", "/staff", "/customers", "/pipeline", "/warnings", "/api/v1/figures/sales"])  # fmt: skip
def test_a_region_without_a_branch_of_hers_is_not_there_and_never_zero(mei: Visitor, url: str) -> None:
    assert mei.open(f"{url}?unit=region:north").status_code == 404
    assert mei.open(f"{url}?unit=region:east").status_code == 200


def test_what_belongs_to_others_is_not_there(site: Headquarters, mei: Visitor) -> None:
    company = site.company
    customer, person = company.of(Customer, "SH")[0], company.of(Employee, "SH")[0]
    instalment = company.of(Receivable, "SH")[0]
    for url in (
        "/branches/SH", "/live/branches/SH", "/sales?unit=branch:SH", f"/sales?unit=employee:{person.id}",
        f"/customers/{customer.id}", f"/receivables?unit=customer:{customer.id}", f"/receivables/{instalment.id}",
        f"/staff/{person.id}", "/targets?unit=branch:SH", "/targets/edit?unit=branch:SH",
        "/api/v1/figures/sales?unit=branch:SH", "/api/v1/figures/ageing?unit=unassigned:SH",
    ):  # fmt: skip
        assert mei.open(url).status_code == 404, url


def test_she_sets_no_target_for_the_company(mei: Visitor) -> None:
    assert mei.open("/targets/edit?unit=company").status_code == 422


def test_her_total_is_the_sum_of_her_two_branches(mei: Visitor) -> None:
    found = mei.client.get("/api/v1/figures/receivables").json()
    total = round(float(found["total"]["remaining"]) * 100)
    assert total == sum(round(float(line["remaining"]) * 100) for line in found["rows"])
    assert len(found["rows"]) == 2
