"""A real trading company comes in at its seven branches and agrees with independently computed totals to the cent."""

import random
from collections import Counter
from contextlib import AsyncExitStack
from datetime import date
from pathlib import Path

import pytest

from branch_node.imports.account import Account
from tests.imports.company import (
    OFFICE_OF,
    Company,
    ageing_at,
    cents,
    expected,
    import_company,
    import_office,
    open_office,
    require_data,
    row_counts,
    undo,
)
from tests.imports.transform import Change, transformed
from tests.support.databases import Templates

YEAR_END_2004, AGEING_DAY = date(2004, 12, 31), date(2005, 5, 31)


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("sqlite", id="sqlite"),
        pytest.param("postgres", id="postgres", marks=pytest.mark.postgres),
    ],
)
def company(
    request: pytest.FixtureRequest, templates: Templates, tmp_path_factory: pytest.TempPathFactory
) -> Company:
    """The seven offices after one import each."""
    data = require_data()
    return import_company(templates, request.param, tmp_path_factory.mktemp("offices"), data)


def test_every_row_of_every_file_has_its_outcome_at_every_office(company: Company) -> None:
    counts = {row["tbl"]: row["n"] for row in expected()["row_counts"]}
    for account in company.accounts.values():
        assert {one.file.removesuffix(".csv"): one.read for one in account.files} == counts
        assert all(one.adds_up for one in account.files)
        assert account.failed == 0


def test_each_row_is_created_at_exactly_one_office_and_products_at_all(company: Company) -> None:
    created: Counter[str] = Counter()
    for account in company.accounts.values():
        created.update({one.file: one.created for one in account.files})
    counts = {row["tbl"]: row["n"] for row in expected()["row_counts"]}
    for name in ("offices", "employees", "customers", "orders", "orderdetails", "payments"):
        assert created[f"{name}.csv"] == counts[name]
    assert created["products.csv"] == 7 * counts["products"]


def test_company_totals(company: Company) -> None:
    row = expected()["company"][0]
    ordered, cancelled = company.total("ordered"), company.total("cancelled")
    assert ordered == cents(row["order_value"]) == 960_419_061
    assert (
        ordered - cancelled == company.total("due") == cents(row["order_value_not_cancelled"]) == 936_533_643
    )
    assert company.total("receipts") == cents(row["received"]) == 885_383_923
    assert company.total("received") == company.total("receipts")
    assert company.total("remaining_by_due") == cents(row["remaining_not_cancelled"]) == 51_149_720
    assert company.count("ordered") == row["orders"]
    assert company.count("customers_new") == row["customers"]
    assert company.count("customers_signed") == row["customers_with_orders"]


def test_base_amounts_are_the_amounts_in_the_branchs_own_currency(company: Company) -> None:
    assert all(fact.base == fact.amount for fact in company.facts)


def test_every_office(company: Company) -> None:
    for row in expected()["per_office"]:
        office = row["officeCode"]
        if office == "(none)":
            continue
        mine = company.total("ordered", lambda fact, office=office: fact.office == office)
        cancelled = company.total("cancelled", lambda fact, office=office: fact.office == office)
        assert mine == cents(row["order_value"])
        assert mine - cancelled == cents(row["order_value_not_cancelled"])
        assert company.by("receipts", lambda fact: fact.office)[office] == cents(row["received"])
        assert company.by("remaining_by_due", lambda fact: fact.office)[office] == cents(
            row["remaining_not_cancelled"]
        )
        assert company.count("receipts", lambda fact, office=office: fact.office == office) == row["payments"]


def test_customers_without_a_rep_are_unassigned_at_the_first_office(company: Company) -> None:
    without = [row for row in company.customers.values() if row["owner_id"] is None]
    nobody = next(row for row in expected()["per_office"] if row["officeCode"] == "(none)")
    assert len(without) == nobody["customers"] == 22
    assert {row["office"] for row in without} == {OFFICE_OF["SFO"]}
    assert company.count("customers_new", lambda fact: fact.employee == "") == 22


def test_every_office_and_year(company: Company) -> None:
    def office_and_year(fact):
        return fact.office, str(fact.day.year)

    ordered, cancelled = company.by("ordered", office_and_year), company.by("cancelled", office_and_year)
    receipts = company.by("receipts", office_and_year)
    for row in expected()["per_office_year"]:
        key = row["officeCode"], row["year"]
        assert ordered[key] == cents(row["order_value"])
        assert ordered[key] - cancelled[key] == cents(row["order_value_not_cancelled"])
        assert receipts[key] == cents(row["received"])


def test_every_month(company: Company) -> None:
    ordered = company.by("ordered", lambda fact: f"{fact.day:%Y-%m}")
    due = company.by("due", lambda fact: f"{fact.day:%Y-%m}")
    receipts = company.by("receipts", lambda fact: f"{fact.day:%Y-%m}")
    for row in expected()["per_month"]:
        month = row["month"]
        assert (ordered[month], due[month], receipts[month]) == (
            cents(row["order_value"]),
            cents(row["order_value_not_cancelled"]),
            cents(row["received"]),
        )


def test_every_sales_rep(company: Company) -> None:
    ordered, receipts = (
        company.by("ordered", lambda f: f.employee),
        company.by("receipts", lambda f: f.employee),
    )
    for row in expected()["per_sales_rep"]:
        number = row["employeeNumber"]
        assert (ordered[number], receipts[number]) == (cents(row["order_value"]), cents(row["received"]))
        assert company.employees[number]["name"] == row["name"]
        assert company.employees[number]["office"] == row["officeCode"]
        mine = [
            one for one in company.customers.values() if one["owner_id"] == company.employees[number]["id"]
        ]
        assert len(mine) == row["customers"]


def test_every_customers_balance_and_the_three_over_their_limit(company: Company) -> None:
    due, receipts = (
        company.by("due", lambda fact: fact.customer),
        company.by("receipts", lambda fact: fact.customer),
    )
    remaining = company.by("remaining_by_due", lambda fact: fact.customer)
    over = []
    for row in expected()["customer_balances"]:
        code = row["customerNumber"]
        assert (due[code], receipts[code], remaining[code]) == (
            cents(row["due"]),
            cents(row["received"]),
            cents(row["remaining"]),
        )
        assert company.customers[code]["name"] == row["customerName"].strip()
        if remaining[code] > company.customers[code]["credit_limit_minor"]:
            over.append(remaining[code])
    limit = expected()["over_credit_limit"][0]
    assert (len(over), sum(over)) == (limit["n"], cents(limit["remaining"])) == (3, 17_831_678)


def test_as_of_the_end_of_2004_overpayment_is_unallocated_and_nothing_remains_below_zero(
    company: Company,
) -> None:
    overpaid = {}
    for row in expected()["as_of_2004_12_31_per_office"]:
        office = row["officeCode"]
        due, receipts, received = (
            company.by(measure, lambda fact: fact.office, YEAR_END_2004)[office]
            for measure in ("due", "receipts", "received")
        )
        assert (due, receipts) == (cents(row["order_value_not_cancelled"]), cents(row["received"]))
        assert due - receipts == cents(row["remaining"])
        assert due - received >= 0, "a receivable is never negative"
        if receipts > received:
            overpaid[office] = receipts - received
    assert overpaid["6"] >= 460_698
    assert overpaid["7"] >= 1_424_477


def test_ageing_oldest_first_at_the_end_of_may_2005(company: Company) -> None:
    given = expected()["ageing_fifo_2005_05_31"]
    places = [(None, given["company"]), *given["per_office"].items()]
    for office, row in places:
        buckets = ageing_at(company, AGEING_DAY, office)
        assert buckets["not_due"] + buckets["1-30"] == cents(row["0-30"])
        assert [buckets[name] for name in ("31-60", "61-90", "91+")] == [
            cents(row[name]) for name in ("31-60", "61-90", "91+")
        ]
    assert sum(ageing_at(company, AGEING_DAY).values()) == cents(given["open_total"])


def test_managers_in_other_offices_are_kept_by_number(company: Company) -> None:
    elsewhere = 0
    for row in company.employees.values():
        if not row["manager_number"]:
            continue
        manager = company.employees[row["manager_number"]]
        if manager["office"] == row["office"]:
            assert row["manager_id"] == manager["id"]
        else:
            assert row["manager_id"] is None
            elsewhere += 1
    assert elsewhere == 9


def test_names_are_without_blanks_and_two_employees_share_an_address(company: Company) -> None:
    for row in company.customers.values():
        assert all(row[name] == row[name].strip() for name in ("name", "city", "postcode", "country"))
    emails = Counter(row["email"] for row in company.employees.values())
    assert [email for email, number in emails.items() if number == 2] == ["jfirrelli@classicmodelcars.com"]


async def test_the_same_run_again_creates_nothing_and_undo_leaves_no_row(
    templates: Templates, tmp_path: Path
) -> None:
    data = require_data()
    async with AsyncExitStack() as stack:
        await open_office(stack, templates, "sqlite", tmp_path, "SYD")
        first = (await import_office(data, tmp_path)).account
        before = await row_counts()
        again = (await import_office(data, tmp_path)).account
        assert (again.created, again.updated, again.failed) == (0, 0, 0)
        assert again.skipped == again.read == first.read
        assert await row_counts() == before
        undone = await undo(first)
        assert not undone.kept
        assert set((await row_counts()).values()) == {0}


def sums(company: Company, account: Account | None = None) -> dict[str, int]:
    names = ("ordered", "cancelled", "due", "receipts", "received", "remaining_by_due")
    return {name: company.total(name) for name in names}


def test_other_ids_amounts_and_dates_give_the_corresponding_totals(
    templates: Templates, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = require_data()
    seed = random.SystemRandom().randrange(10**6)
    change = Change.drawn(seed)
    with capsys.disabled():
        print(f"\n[classicmodels changed: seed {seed}, {change}]")
    (tmp_path / "data").mkdir()
    transformed(data, tmp_path / "data", change)
    company = import_company(templates, "sqlite", tmp_path, tmp_path / "data")
    row = expected()["company"][0]
    wanted = {
        "ordered": row["order_value"], "due": row["order_value_not_cancelled"], "receipts": row["received"],
        "remaining_by_due": row["remaining_not_cancelled"],
    }  # fmt: skip
    assert {name: company.total(name) for name in wanted} == {
        name: cents(text) * change.factor for name, text in wanted.items()
    }
    for given in expected()["customer_balances"]:
        code = change.renumbered(given["customerNumber"])
        assert (
            company.by("remaining_by_due", lambda f: f.customer)[code]
            == cents(given["remaining"]) * change.factor
        )
    day = change.shifted(AGEING_DAY)
    buckets = ageing_at(company, day)
    given = expected()["ageing_fifo_2005_05_31"]["company"]
    assert buckets["not_due"] + buckets["1-30"] == cents(given["0-30"]) * change.factor
    assert [buckets[name] for name in ("31-60", "61-90", "91+")] == [
        cents(given[name]) * change.factor for name in ("31-60", "61-90", "91+")
    ]
    until = change.shifted(YEAR_END_2004)
    for row in expected()["as_of_2004_12_31_per_office"]:
        if row["officeCode"] != "(none)":
            due, paid = (
                company.by(name, lambda f: f.office, until)[row["officeCode"]] for name in ("due", "receipts")
            )
            assert due - paid == cents(row["remaining"]) * change.factor
