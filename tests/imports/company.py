"""The seven offices of classicmodels, each in a database of its own, and what their tables say by shared/figures."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from branch_node.home import Home, at_home
from branch_node.imports.account import Account
from branch_node.imports.engine import Outcome, run_import
from branch_node.imports.mapping import load
from branch_node.imports.undo import Undone, undo_run
from shared.database import Database, fetch_all
from shared.figures import ENTRIES, ageing_of
from shared.replication import capture
from tests.support.databases import Templates, apart, fresh_database
from tests.support.services import missing

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "classicmodels"
MAPPING = Path(__file__).with_name("classicmodels.toml")
OFFICES = {
    "SFO": ("1", "America/Los_Angeles", "US"), "BOS": ("2", "America/New_York", "US"),
    "NYC": ("3", "America/New_York", "US"), "PAR": ("4", "Europe/Paris", "FR"), "TYO": ("5", "Asia/Tokyo", "JP"),
    "SYD": ("6", "Australia/Sydney", "AU"), "LON": ("7", "Europe/London", "GB"),
}  # fmt: skip
OFFICE_OF = {code: office for code, (office, _, _) in OFFICES.items()}


def require_data() -> Path:
    """The folder of classicmodels; skips with a printed reason where it is not."""
    if not DATA.is_dir():
        missing(f"the sample company is not there: {DATA}")
    return DATA


@cache
def expected() -> dict[str, Any]:
    """The rows of expected_totals.json by query."""
    queries = json.loads((require_data() / "expected_totals.json").read_text())["queries"]
    return {name: query["rows"] for name, query in queries.items()}


def cents(text: str) -> int:
    """'-4606.98' -> -460698."""
    whole, _, part = text.partition(".")
    sign = -1 if whole.startswith("-") else 1
    return sign * (abs(int(whole)) * 100 + int(part.ljust(2, "0")))


@dataclass(frozen=True)
class Fact:
    """What one row adds to one measure; `employee` is a number, empty for unassigned."""

    office: str
    measure: str
    day: date
    employee: str
    customer: str
    amount: int
    base: int
    n: int


@dataclass
class Company:
    """What the branches' tables said after an import."""

    facts: list[Fact] = field(default_factory=list)
    accounts: dict[str, Account] = field(default_factory=dict)
    rows: dict[str, dict[str, int]] = field(default_factory=dict)
    customers: dict[str, dict[str, Any]] = field(default_factory=dict)
    employees: dict[str, dict[str, Any]] = field(default_factory=dict)
    open_items: list[tuple[str, Any, Any, Any, int]] = field(default_factory=list)

    def total(self, measure: str, of: Callable[[Fact], Any] = lambda fact: True) -> int:
        """The amount of a measure over the facts for which `of` holds."""
        return sum(fact.amount for fact in self.facts if fact.measure == measure and of(fact))

    def count(self, measure: str, of: Callable[[Fact], Any] = lambda fact: True) -> int:
        return sum(fact.n for fact in self.facts if fact.measure == measure and of(fact))

    def by(self, measure: str, key: Callable[[Fact], Any], until: date = date.max) -> dict[Any, int]:
        """Amounts of a measure by a key, up to a day."""
        found: dict[Any, int] = defaultdict(int)
        for fact in self.facts:
            if fact.measure == measure and fact.day <= until:
                found[key(fact)] += fact.amount
        return found


FACTS_SQL = """
SELECT {day} AS day, {amount} AS amount, {base} AS base, {count} AS n, {employee} AS employee, {customer} AS customer
FROM "{table}" WHERE {where} AND {day} IS NOT NULL AND deleted_at IS NULL
"""


async def read_facts(office: str, into: Company) -> None:
    """Every entry of shared/figures from the tables of the current branch."""
    employees = {str(row["id"]): row for row in await fetch_all("SELECT * FROM employee")}
    customers = {str(row["id"]): row for row in await fetch_all("SELECT * FROM customer")}
    into.employees |= {row["number"]: {**row, "office": office} for row in employees.values()}
    into.customers |= {row["code"]: {**row, "office": office} for row in customers.values()}
    for entry in ENTRIES:
        customer = {"customer": "id", "expense": "customer_id"}.get(entry.table, "customer_id")
        if entry.table in ("plan_item", "daily_plan"):
            continue
        sql = FACTS_SQL.format(
            day=entry.day, amount=entry.amount, base=entry.base, count=entry.count, employee=entry.employee,
            customer=customer, table=entry.table, where=entry.where,
        )  # fmt: skip
        for row in await fetch_all(sql):
            owner = employees[str(row["employee"])]["number"] if row["employee"] else ""
            day = as_day(row["day"])
            into.facts.append(
                Fact(
                    office, entry.measure, day, owner, customers[str(row["customer"])]["code"],
                    int(row["amount"]), int(row["base"]), int(row["n"]),
                )
            )  # fmt: skip


TABLES = (
    "branch", "department", "employee", "employee_role", "assignment", "product", "customer", "contact",
    "contact_point", "sales_order", "order_line", "receivable", "receipt", "allocation", "execution_step",
)  # fmt: skip


async def row_counts() -> dict[str, int]:
    """Rows by table of the current branch."""
    return {table: int((await fetch_all(f"SELECT count(*) AS n FROM {table}"))[0]["n"]) for table in TABLES}


async def open_office(
    stack: AsyncExitStack, templates: Templates, engine: str, folder: Path, code: str
) -> Database:
    """A database of one office, current and at home until the stack ends."""
    _, zone, country = OFFICES[code]
    database = await stack.enter_async_context(fresh_database(templates, engine, "branch", folder))
    stack.enter_context(at_home(Home(code, zone, "USD", country)))
    await capture.install(code)
    return database


async def import_office(data: Path, folder: Path) -> Outcome:
    return await run_import(load(MAPPING), data, work_folder=folder / "imports")


def import_company(
    templates: Templates, engine: str, folder: Path, data: Path, *, offices: Mapping[str, Any] = OFFICES
) -> Company:
    """Import the folder into every office, one after the other, and read what their tables say."""

    async def one(code: str, company: Company) -> None:
        async with AsyncExitStack() as stack:
            await open_office(stack, templates, engine, folder, code)
            company.accounts[code] = (await import_office(data, folder)).account
            await read_facts(OFFICES[code][0], company)
            await read_open_items(OFFICES[code][0], company)
            company.rows[code] = await row_counts()

    async def everybody() -> Company:
        company = Company()
        for code in offices:
            await one(code, company)
        return company

    return apart(everybody())


async def undo(account: Account) -> Undone:
    return await undo_run(UUID(account.run))


def ageing_at(company: Company, day: date, office: str | None = None) -> dict[str, int]:
    """Remaining by days past due as of a day, from what was effective then."""
    items = [
        (due_on, amount)
        for place, from_on, until_on, due_on, amount in company.open_items
        if office in (None, place) and from_on <= day and (until_on is None or until_on > day)
    ]
    return dict(ageing_of(items, day).buckets)


async def read_open_items(office: str, into: Company) -> None:
    """(office, from, until, due, amount) of instalments and, negative, of what was received for them."""
    for sql in (
        "SELECT happened_on, cancelled_on, due_on, amount_minor AS amount FROM receivable",
        "SELECT happened_on, NULL AS cancelled_on, due_on, -amount_minor AS amount FROM allocation",
    ):
        for row in await fetch_all(sql):
            days = [as_day(row[name]) for name in ("happened_on", "cancelled_on", "due_on")]
            into.open_items.append((office, days[0], days[1], days[2], int(row["amount"])))


def as_day(value: Any) -> Any:
    return date.fromisoformat(value) if isinstance(value, str) else value
