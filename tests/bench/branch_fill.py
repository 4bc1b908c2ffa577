"""Fills an empty branch with many plain rows, quickly: without triggers, audit and secondary indexes, which come afterwards.

Consistent to the cent: each customer has a telephone and three approved orders of three lines; three customers in
ten have paid the newest by half or not at all, all else is paid. The change log begins after the fill, as in a branch whose old log was pruned.
"""

import asyncio
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

import asyncpg

from branch_node.home import at_home
from branch_node.seeding.write import Shape, shape_of
from branch_node.settings import BranchSettings
from branch_node.setup import APPS, make_branch, make_tables
from shared.database import execute, open_database
from shared.database.context import session_parameters
from shared.demo_company import seeded_id
from shared.records import (
    Allocation,
    ContactPoint,
    Customer,
    Department,
    Employee,
    EmployeeRole,
    Order,
    OrderLine,
    Receipt,
    Receivable,
    Record,
)

ORDERS_OF_CUSTOMER, LINES_OF_ORDER, SELLERS = 3, 3, 20
CUSTOMERS_AT_ONCE = 2_000
DAYS = 720
OPEN_SHARE = 0.3
MODELS: tuple[type[Record], ...] = (Customer, ContactPoint, Order, OrderLine, Receivable, Receipt, Allocation)
Rows = dict[type[Record], list[Mapping[str, Any]]]


class Plain:
    """Rows of one branch as dictionaries; `today` is the last day of its books."""

    def __init__(self, settings: BranchSettings, today: date) -> None:
        self.code, self.currency, self.today = settings.branch_code, settings.base_currency, today
        self.dice = Random(7)
        self.at = 1_790_000_000_000_000
        self.sellers: list[UUID] = []
        self.department = self.new_id()
        self.sales = 0

    def new_id(self) -> UUID:
        self.at += 1_000
        return seeded_id(self.at // 1_000, self.dice)

    def row(self, model: type[Record], by: UUID | None = None, **values: Any) -> dict[str, Any]:
        """A row with the model's defaults."""
        found = {**shape_of(model).defaults, "id": self.new_id(), "branch": self.code, "recorded_at": self.at}
        found["recorded_by"] = by
        return {**found, **values}

    def staff(self) -> Rows:
        """One department and its sellers."""
        first = self.today - timedelta(days=DAYS)
        rows: Rows = {
            Department: [self.row(Department, id=self.department, name="Sales", kind="sales")],
            Employee: [],
            EmployeeRole: [],
        }
        for number in range(1, SELLERS + 1):
            who = self.row(
                Employee, number=f"E{number:04d}", name=f"Seller {number}", hired_on=first,
                department_id=self.department, position="Seller", discount_limit_bp=1_000,
            )  # fmt: skip
            self.sellers.append(who["id"])
            rows[Employee].append(who)
            rows[EmployeeRole].append(self.row(EmployeeRole, employee_id=who["id"], role_code="salesperson"))
        return rows

    def customers(self, first: int, last: int) -> Rows:
        """Customers of these numbers with everything that belongs to them."""
        rows: Rows = {model: [] for model in MODELS}
        for number in range(first, last):
            self.customer(rows, number)
        return rows

    def customer(self, rows: Rows, number: int) -> None:
        owner = self.sellers[number % SELLERS]
        start = self.dice.randrange(120, DAYS)
        acquired = self.today - timedelta(days=start)
        name, phone = f"Customer {number:07d}", f"+86138{number:08d}"
        common = {"owner_id": owner, "department_id": self.department}
        customer = self.row(
            Customer, owner, code=f"{self.code}-C{number:06d}", name=name, name_key=f"customer{number:07d}",
            search_key=f"customer {number:07d} {self.code.lower()}-c{number:06d} {phone}", status="customer", phone=phone,
            currency=self.currency, acquired_on=acquired, signed_on=acquired, last_contact_on=acquired,
            region=f"Region {number % 40}", **common,
        )  # fmt: skip
        rows[Customer].append(customer)
        rows[ContactPoint].append(
            self.row(ContactPoint, owner, customer_id=customer["id"], kind="phone", value=phone, key=phone)
        )
        for place in range(ORDERS_OF_CUSTOMER):
            day = acquired + timedelta(days=self.dice.randrange(start - start * place // 4 + 1))
            is_open = place == ORDERS_OF_CUSTOMER - 1 and self.dice.random() < OPEN_SHARE
            share = self.dice.randrange(2) if is_open else 2
            self.sale(rows, {**common, "happened_on": day}, customer["id"], day, share)

    def sale(self, rows: Rows, common: Mapping[str, Any], customer: UUID, day: date, halves: int) -> None:
        """An approved order of three lines whose one instalment is paid by 0, 1 or 2 halves."""
        self.sales += 1
        by, unit = common["owner_id"], self.dice.randrange(5_000, 500_000) * 2
        amount = unit * LINES_OF_ORDER
        order = self.row(
            Order, by, number=f"{self.code}-SO{self.sales:06d}", customer_id=customer, status="approved", approved_on=day,
            approved_at=self.at, currency=self.currency, base_currency=self.currency, subtotal_minor=amount,
            total_minor=amount, base_minor=amount, **common,
        )  # fmt: skip
        rows[Order].append(order)
        rows[OrderLine] += [
            self.row(
                OrderLine, by, order_id=order["id"], position=place + 1, text="Goods", list_price_minor=unit,
                price_minor=unit, amount_minor=unit,
            )
            for place in range(LINES_OF_ORDER)
        ]  # fmt: skip
        paid = amount // 2 * halves
        money = {"currency": self.currency, "customer_id": customer, **common}
        due = self.row(
            Receivable, by, order_id=order["id"], due_on=day + timedelta(days=30), amount_minor=amount,
            base_minor=amount, received_minor=paid, received_base_minor=paid, **money,
        )  # fmt: skip
        rows[Receivable].append(due)
        if not paid:
            return
        receipt = self.row(
            Receipt, by, number=f"{self.code}-R{self.sales:06d}", amount_minor=paid, base_minor=paid,
            allocated_minor=paid, allocated_base_minor=paid, **money,
        )  # fmt: skip
        rows[Receipt].append(receipt)
        rows[Allocation].append(
            self.row(
                Allocation, by, receipt_id=receipt["id"], receivable_id=due["id"], order_id=order["id"],
                due_on=due["due_on"], amount_minor=paid, base_minor=paid, receipt_base_minor=paid, **money,
            )
        )  # fmt: skip


async def fill(settings: BranchSettings, customers: int) -> None:
    """Make the tables, write the rows, then indexes, change capture and what every branch has."""
    await make_tables(settings)
    plain = Plain(settings, settings.home.today)
    pieces = pieces_of(plain, customers)
    if settings.url_of_database.startswith("sqlite"):
        await asyncio.to_thread(into_sqlite, settings.url_of_database.removeprefix("sqlite://"), pieces)
    else:
        await into_postgres(settings.url_of_database, pieces)
    await make_tables(settings)
    await make_branch(settings)
    series = {"customer": customers, "order": plain.sales, "receipt": plain.sales}
    async with open_database(settings.url_of_database, APPS):
        with at_home(settings.home):
            for name, last in series.items():
                await execute(
                    "INSERT INTO number_series (name, last_number) VALUES (:name, :last)",
                    name=name,
                    last=last,
                )
        await execute("ANALYZE")


def pieces_of(plain: Plain, customers: int) -> Iterator[Rows]:
    yield plain.staff()
    for first in range(1, customers + 1, CUSTOMERS_AT_ONCE):
        yield plain.customers(first, min(first + CUSTOMERS_AT_ONCE, customers + 1))


def into_sqlite(path: str, pieces: Iterator[Rows]) -> None:
    """One transaction, the secondary indexes dropped before."""
    with sqlite3.connect(path, isolation_level=None) as base:
        base.execute("PRAGMA synchronous = OFF")
        tables = ", ".join(f"'{shape_of(model).table}'" for model in MODELS)
        found = base.execute(
            f"SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name IN ({tables}) AND sql IS NOT NULL"
        )
        for (name,) in found.fetchall():
            base.execute(f'DROP INDEX "{name}"')
        base.execute("BEGIN")
        for piece in pieces:
            for model, rows in piece.items():
                shape = shape_of(model)
                places = ", ".join("?" * len(shape.columns))
                base.executemany(
                    f'INSERT INTO "{shape.table}" ({names_of(shape)}) VALUES ({places})',
                    ([plainly(row[name]) for name in shape.attributes] for row in rows),
                )
        base.execute("COMMIT")
        base.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def names_of(shape: Shape) -> str:
    return ", ".join(f'"{column}"' for column in shape.columns)


def plainly(value: Any) -> Any:
    """A value as the ORM keeps it in SQLite."""
    if isinstance(value, UUID):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value


async def into_postgres(url: str, pieces: Iterator[Rows]) -> None:
    """By COPY, the secondary indexes dropped before."""
    base = await asyncpg.connect(**session_parameters(url))
    try:
        tables = [shape_of(model).table for model in MODELS]
        found = await base.fetch(
            "SELECT c.relname AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t "
            "ON t.oid = i.indrelid WHERE t.relname = ANY($1) AND NOT i.indisprimary AND NOT i.indisunique", tables,
        )  # fmt: skip
        for row in found:
            await base.execute(f'DROP INDEX "{row["name"]}"')
        for piece in pieces:
            for model, rows in piece.items():
                shape = shape_of(model)
                await base.copy_records_to_table(
                    shape.table, records=records_of(shape, rows), columns=list(shape.columns)
                )
    finally:
        await base.close()


def records_of(shape: Shape, rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Any, ...]]:
    return (tuple(row[name] for name in shape.attributes) for row in rows)
