"""Fills a headquarters database with the facts of many branches by set-based SQL, in minutes rather than hours.

Simple, consistent facts: every order has one instalment; two of three are paid by a receipt that is allocated to it. Rollups are
then recomputed by the product's own rebuild.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hq.figures import rebuild, rollup
from shared.database import engine, execute
from shared.records import (
    Allocation,
    Branch,
    Customer,
    Employee,
    Order,
    Receipt,
    Receivable,
    Record,
)
from shared.replication.columns import table_of

LAST_DAY = datetime.date(2026, 11, 22)
DAYS = 540
PEOPLE = 10


def numbers_sql(count: int) -> str:
    """A relation `numbers(n)` with n = 0 .. count-1."""
    if engine() == "postgres":
        return f"(SELECT n FROM generate_series(0::bigint, {count - 1}) AS n) AS numbers"
    return f"(WITH RECURSIVE made(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM made WHERE n < {count - 1}) SELECT n FROM made) AS numbers"


def id_sql(kind: int, number: str) -> str:
    """A UUID made of a kind and a number, the same wherever it is named."""
    if engine() == "postgres":
        return f"CAST('{kind:08x}-0000-7000-8000-' || lpad(to_hex(({number})::bigint), 12, '0') AS uuid)"
    return f"'{kind:08x}-0000-7000-8000-' || printf('%012x', {number})"


def day_sql(offset: str) -> str:
    """The last day minus `offset` days."""
    if engine() == "postgres":
        return f"(DATE '{LAST_DAY.isoformat()}' - (({offset})::int))"
    return f"date('{LAST_DAY.isoformat()}', printf('%+d days', -({offset})))"


def branch_sql(number: str) -> str:
    """B0000 .. B0999."""
    return (
        f"'B' || lpad(({number})::text, 4, '0')"
        if engine() == "postgres"
        else f"'B' || printf('%04d', {number})"
    )


def literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return ("true" if value else "false") if engine() == "postgres" else str(int(value))
    if isinstance(value, int):
        return str(value)
    text = value if isinstance(value, str) else "{}" if value == {} else "[]" if value == [] else str(value)
    return "'" + text.replace("'", "''") + "'"


def default_sql(model: type[Record], attribute: str) -> str:
    """The model's own default as SQL; NULL for one that is made anew for each row."""
    default = model._meta.fields_map[attribute].default
    if callable(default):
        return literal(default() if default in (dict, list) else None)
    return literal(default)


async def fill(model: type[Record], count: int, columns: Mapping[str, str], where: str = "") -> None:
    """Insert `count` rows; columns that are not given get the model's own defaults."""
    table = table_of(model)
    meta = model._meta
    attributes = {column: name for name, column in meta.fields_db_projection.items()}
    given = {"ver": "1", "recorded_at": "0", "recorded_by": "NULL", "revision": "1", **columns}
    names = [*table.names, "ver"]
    values = [given.get(name) or default_sql(model, attributes[name]) for name in names]
    quoted = ", ".join(f'"{name}"' for name in names)
    await execute(
        f'INSERT INTO "{table.name}" ({quoted}) SELECT {", ".join(values)} FROM {numbers_sql(count)} {where}'
    )


@dataclass(frozen=True)
class Company:
    """How large the company is, and the columns that its rows share; `n` is the number of the row."""

    branches: int
    facts: int

    @property
    def sales(self) -> int:
        """Orders, each with an instalment: three tenths of the facts."""
        return self.facts * 3 // 10

    @property
    def people(self) -> int:
        return self.branches * PEOPLE

    @property
    def customers(self) -> int:
        return max(self.branches * 20, 1)

    @cached_property
    def home(self) -> dict[str, str]:
        return {"branch": branch_sql(f"n % {self.branches}")}

    @property
    def ago(self) -> str:
        """How many days before the last one."""
        return f"(n / {self.branches}) % {DAYS}"

    @cached_property
    def document(self) -> dict[str, str]:
        """Whose it is, when and how much."""
        return {
            **self.home,
            "owner_id": id_sql(2, f"n % {self.people}"),
            "customer_id": id_sql(3, f"n % {self.customers}"),
            "department_id": "NULL",
            "currency": "'CNY'",
            "base_minor": AMOUNT,
            "happened_on": day_sql(self.ago),
        }

    @cached_property
    def owed(self) -> dict[str, str]:
        """The order that an instalment and its allocation belong to, and when it is due."""
        due_on = day_sql(f"({self.ago}) - 30")
        return {**self.document, "due_on": due_on, "order_id": id_sql(4, "n"), "amount_minor": AMOUNT}

    @property
    def is_paid(self) -> str:
        return f"WHERE (n / {self.branches}) % 3 <> 0"


AMOUNT = "10000 + (n * 7919) % 900000"


async def fill_company(branches: int, facts: int) -> None:
    """Branches, people, customers, and about `facts` rows of sales and money; then the rollups."""
    company = Company(branches, facts)
    await fill_organisation(company)
    await fill_customers(company)
    await fill_sales(company)
    await fill_money(company)
    await note_cursors(branches)
    await rollup.install()
    await rebuild.rebuild()
    await execute("ANALYZE")


async def fill_organisation(company: Company) -> None:
    """Branches and their people."""
    branch = {
        "id": id_sql(1, "n"),
        "name": branch_sql("n"),
        "timezone": "'Asia/Shanghai'",
        "currency": "'CNY'",
    }
    await fill(Branch, company.branches, {**company.home, **branch})
    person = {"id": id_sql(2, "n"), "number": "'E' || n", "name": "'Person ' || n"}
    await fill(Employee, company.people, {**company.home, **person})


async def fill_customers(company: Company) -> None:
    """Customers, each signed on the day it was acquired."""
    day = day_sql(company.ago)
    dates = dict.fromkeys(("acquired_on", "signed_on", "last_contact_on"), day)
    about = {"code": "'C' || n", "name": "'Customer ' || n", "currency": "'CNY'", "status": "'customer'"}
    owner = {"id": id_sql(3, "n"), "owner_id": id_sql(2, f"n % {company.people}")}
    await fill(Customer, company.customers, {**company.home, **about, **dates, **owner})


async def fill_sales(company: Company) -> None:
    """Orders and their instalments."""
    order = {
        "id": id_sql(4, "n"),
        "number": "'SO-' || n",
        "status": "'approved'",
        "approved_on": day_sql(company.ago),
        "base_currency": "'CNY'",
        "total_minor": AMOUNT,
    }
    await fill(Order, company.sales, {**company.document, **order})
    await fill(Receivable, company.sales, {**company.owed, "id": id_sql(5, "n")})


async def fill_money(company: Company) -> None:
    """Receipts and what they pay, of two orders in three."""
    receipt = {"id": id_sql(6, "n"), "number": "'R-' || n", "amount_minor": AMOUNT}
    await fill(Receipt, company.sales, {**company.document, **receipt}, company.is_paid)
    allocation = {
        "id": id_sql(7, "n"),
        "receipt_id": id_sql(6, "n"),
        "receivable_id": id_sql(5, "n"),
        "receipt_base_minor": AMOUNT,
    }
    await fill(Allocation, company.sales, {**company.owed, **allocation}, company.is_paid)


async def note_cursors(branches: int) -> None:
    """Every branch has just been heard of and nothing of it is missing."""
    now = int(datetime.datetime.now(datetime.UTC).timestamp() * 1_000_000)
    zeros = "0" * 32
    await execute(
        "INSERT INTO branch_cursor (branch, epoch, seq, chain, digests, head_seq, applied_at, contact_at, complete_at, unproven, status, "
        f"wire_bytes, row_count, replay, runs, safe_epoch, safe_seq) SELECT {branch_sql('n')}, 'e', 1, '{zeros}', '{{}}', 1, {now}, {now}, {now}, '{{}}', 'normal', 0, 0, '', '', '', 0 "
        f"FROM {numbers_sql(branches)}"
    )
