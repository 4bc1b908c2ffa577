"""A real trading company of seven offices comes in at seven branch nodes; headquarters agrees to the cent.

Real processes from end to end: import on the command line, enrolment, the site's own sender, headquarters on both engines,
figures by command line and by API, compared with independently computed totals.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from branch_node.setup import APPS as BRANCH_APPS
from tests.imports.company import MAPPING, OFFICES, cents, expected, require_data
from tests.support import shelf
from tests.support.databases import ENGINES
from tests.support.processes import SiteProcess, copy_folder, wait_until
from tests.support.world import prepare_site

pytestmark = pytest.mark.slow
RIGHTS = ("figures.view", "receivable.view", "customer.view")
WHOLE = {"from": "2003-01-01", "to": "2005-12-31"}


@dataclass
class Group:
    """Headquarters and what it says; `offices` by branch code."""

    hq: SiteProcess
    token: str
    branches: dict[str, SiteProcess] = field(default_factory=dict)
    asked: dict[tuple[object, ...], dict[str, Any]] = field(default_factory=dict)

    def figure(self, name: str, **query: str) -> dict[str, Any]:
        """A figure over the API with a bearer token, in US dollars; asked once."""
        if (key := (name, *sorted(query.items()))) not in self.asked:
            answer = httpx.get(
                f"{self.hq.url}/api/v1/figures/{name}",
                params={**query, "currency": "USD"},
                headers={"authorization": f"Bearer {self.token}"},
                timeout=30,
            )
            assert answer.status_code == 200, answer.text
            self.asked[key] = answer.json()
        return self.asked[key]

    def rows(self, name: str, **query: str) -> dict[str, dict[str, Any]]:
        """Rows of a figure by their unit."""
        return {row["unit"]: row for row in self.figure(name, **query)["rows"]}

    def on_command_line(self, name: str, *options: str) -> dict[str, Any]:
        """The same figure from the command line."""
        answer = self.hq.run("figures", name, *options, "--currency", "USD", "--json")
        return dict(json.loads(answer.stdout))


def bring_in(site: SiteProcess, data: Path) -> None:
    """Tables and the office's rows; at the first office a second import, which creates nothing."""
    site.run("migrate")
    for created_again in (False, True) if site.name == "SFO" else (False,):
        account = json.loads(site.run("import", str(data), "--mapping", str(MAPPING), "--json").stdout)
        created = sum(one["created"] for one in account["files"])
        assert (created == 0) == created_again, f"{site.name}: {created} rows created"


def replicate(hq: SiteProcess, site: SiteProcess) -> None:
    """Enrol, run the site until headquarters has everything, end it."""
    code = site.name
    token = json.loads(hq.run("branches", "enrol", code, "--json").stdout)["token"]
    site.settings["TRUNKLINE_HQ_URL"] = hq.url
    site.run("enrol", token)
    head = "SELECT MAX(seq) AS seq FROM change"
    site.start()
    cursor = "SELECT seq FROM branch_cursor WHERE branch = :code"
    wait_until(
        lambda: hq.one(cursor, code=code) == site.one(head), 60, f"headquarters has all of {code}", pause=0.2
    )
    assert site.stop() in (0, -15)


def office_site(code: str, folder: Path) -> SiteProcess:
    _, timezone, country = OFFICES[code]
    settings = {"BRANCH_CODE": code, "TIMEZONE": timezone, "BASE_CURRENCY": "USD", "COUNTRY": country}
    return SiteProcess(code, "branch_node", folder, BRANCH_APPS, settings)


@contextmanager
def group(engine: str, folder: Path, offices: Path) -> Iterator[Group]:
    """Headquarters on an engine, and copies of the offices that replicate to it."""
    with ExitStack() as stack:
        hq = prepare_site("headquarters", folder / "headquarters", engine, False, stack)
        hq.run("user", "add", "reader", "--role", "executive", "--no-password")
        rights = [word for right in RIGHTS for word in ("--scope", right)]
        token = hq.run("user", "token", "reader", *rights).stdout.split()[-1]
        hq.start()
        found = Group(hq, token)
        for code in OFFICES:
            copy_folder(offices / code, folder / code)
            found.branches[code] = site = office_site(code, folder / code)
            stack.callback(site.close)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda site: replicate(hq, site), found.branches.values()))
        yield found


@pytest.fixture(scope="module")
def offices() -> Path:
    """A folder with those of the seven branch nodes, the company's rows in them, before they know headquarters."""
    data = require_data()

    def bring_all_in(folder: Path) -> None:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda code: bring_in(office_site(code, folder / code), data), OFFICES))

    return shelf.once("offices", bring_all_in)


@pytest.fixture(scope="module", params=ENGINES)
def company(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    offices: Path,
) -> Iterator[Group]:
    with group(request.param, tmp_path_factory.mktemp("company"), offices) as found:
        yield found


def office_of(code: str) -> str:
    return OFFICES[code][0]


def test_the_company_as_a_whole(company: Group) -> None:
    sales = company.figure("sales", **WHOLE)["total"]
    assert (sales["ordered"], sales["sales"]) == ("9604190.61", "9365336.43")
    money = company.figure("receivables", as_of="2005-12-31")["total"]
    assert (money["receipts"], money["remaining"], money["unallocated"]) == (
        "8853839.23",
        "511497.20",
        "0.00",
    )


def test_the_command_line_says_the_same_with_watermarks(company: Group) -> None:
    spoken = company.on_command_line("sales", "--from", "2003-01-01", "--to", "2005-12-31")
    assert spoken["total"] == company.figure("sales", **WHOLE)["total"]
    assert {mark["branch"] for mark in spoken["watermarks"]} == set(OFFICES)
    assert spoken["complete"] is True
    assert all(mark["complete_to"] for mark in spoken["watermarks"])


def test_every_office(company: Group) -> None:
    sales = company.rows("sales", **WHOLE)
    money = company.rows("receivables", as_of="2005-12-31")
    want = {row["officeCode"]: row for row in expected()["per_office"]}
    for code in OFFICES:
        row, unit = want[office_of(code)], f"branch:{code}"
        assert sales[unit]["ordered"] == row["order_value"]
        assert sales[unit]["sales"] == row["order_value_not_cancelled"]
        assert money[unit]["receipts"] == row["received"]
        assert money[unit]["balance"] == row["remaining_not_cancelled"]


def test_every_office_and_year(company: Group) -> None:
    want = {(row["officeCode"], row["year"]): row for row in expected()["per_office_year"]}
    for year in ("2003", "2004", "2005"):
        sales = company.rows("sales", period=year)
        for code in OFFICES:
            row = want[office_of(code), year]
            assert sales[f"branch:{code}"]["ordered"] == row["order_value"]
            assert sales[f"branch:{code}"]["sales"] == row["order_value_not_cancelled"]


def test_every_month(company: Group) -> None:
    for row in expected()["per_month"]:
        total = company.figure("sales", period=row["month"])["total"]
        assert (total["ordered"], total["sales"]) == (row["order_value"], row["order_value_not_cancelled"]), (
            row["month"]
        )


def test_every_sales_rep(company: Group) -> None:
    numbers = {
        row["id"]: row["number"]
        for row in company.hq.rows("SELECT CAST(id AS VARCHAR(36)) AS id, number FROM employee")
    }
    found: dict[str, str] = {}
    for code in OFFICES:
        for row in company.figure("sales", unit=f"branch:{code}", by="employee", **WHOLE)["rows"]:
            number = numbers.get(row["unit"].removeprefix("employee:"))
            if number:
                found[number] = row["ordered"]
    for row in expected()["per_sales_rep"]:
        assert cents(found.get(row["employeeNumber"], "0.00")) == cents(row["order_value"])


def test_every_customer_and_the_three_over_their_limit(company: Group) -> None:
    want = {row["customerName"].strip(): row for row in expected()["customer_balances"]}
    over: list[int] = []
    seen = 0
    for code in OFFICES:
        for row in company.figure("receivables", unit=f"branch:{code}", as_of="2005-12-31", limit="500")[
            "rows"
        ]:
            customer = want[row["name"]]
            assert (row["due"], row["receipts"], row["balance"]) == (
                customer["due"],
                customer["received"],
                customer["remaining"],
            )
            seen += 1
            if cents(row["remaining"]) > cents(customer["limit"]):
                over.append(cents(row["remaining"]))
    assert seen == sum(1 for row in want.values() if row["due"] != "0.00")
    given = expected()["over_credit_limit"][0]
    assert (len(over), sum(over)) == (given["n"], cents(given["remaining"]))


def test_as_of_the_end_of_2004_overpayment_is_unallocated(company: Group) -> None:
    money = company.rows("receivables", as_of="2004-12-31")
    want = {row["officeCode"]: row for row in expected()["as_of_2004_12_31_per_office"]}
    for code in OFFICES:
        row, found = want[office_of(code)], money[f"branch:{code}"]
        assert (found["due"], found["receipts"]) == (row["order_value_not_cancelled"], row["received"])
        assert found["balance"] == row["remaining"]
        assert cents(found["remaining"]) >= 0
    assert money["branch:SYD"]["balance"] == "-4606.98"
    assert money["branch:LON"]["balance"] == "-14244.77"


def test_ageing_oldest_first_at_the_end_of_may_2005(company: Group) -> None:
    ageing = company.figure("ageing", as_of="2005-05-31")
    given = expected()["ageing_fifo_2005_05_31"]
    rows = {row["unit"]: row for row in ageing["rows"]}
    pairs = [(ageing["total"], given["company"])]
    pairs += [
        (rows[f"branch:{code}"], given["per_office"][office_of(code)])
        for code in OFFICES
        if office_of(code) in given["per_office"]
    ]
    for found, row in pairs:
        assert cents(found["not_due"]) + cents(found["days_1_30"]) == cents(row["0-30"])
        assert [found[name] for name in ("days_31_60", "days_61_90", "days_over_90")] == [
            row[name] for name in ("31-60", "61-90", "91+")
        ]


def test_customers_without_a_rep_appear_as_unassigned(company: Group) -> None:
    rows = company.figure("follow-up", unit="branch:SFO", as_of="2005-12-31")["rows"]
    nobody = [row for row in rows if row["unit"] == "unassigned:SFO"]
    assert [row["never"] for row in nobody] == [22]


def test_headquarters_is_proved_equal(company: Group) -> None:
    proof = json.loads(company.hq.run("verify", "--json").stdout)
    assert proof["is_proved"]
    assert {branch["branch"] for branch in proof["branches"]} == set(OFFICES)
