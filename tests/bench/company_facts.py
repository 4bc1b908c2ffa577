"""Fills a headquarters database with the facts of many branches by set-based SQL, in minutes rather than hours.

Simple, consistent facts: every order has one instalment; two of three are paid by a receipt that is allocated to it. Rollups are
then recomputed by the product's own rebuild.
"""

import datetime
from collections.abc import Mapping
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
        return f"(SELECT n FROM generate_series(0, {count - 1}) AS n) AS numbers"
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


async def fill(model: type[Record], count: int, columns: Mapping[str, str], where: str = "") -> None:
    """Insert `count` rows; columns that are not given get the model's own defaults."""
    table = table_of(model)
    meta = model._meta
    attributes = {column: name for name, column in meta.fields_db_projection.items()}
    given = {"ver": "1", "recorded_at": "0", "recorded_by": "NULL", "revision": "1", **columns}
    names = [*table.names, "ver"]
    values = []
    for name in names:
        default = meta.fields_map[attributes[name]].default
        values.append(
            given.get(name)
            or literal(
                None
                if callable(default) and default is not dict and default is not list
                else default()
                if callable(default)
                else default
            )
        )
    quoted = ", ".join(f'"{name}"' for name in names)
    await execute(
        f'INSERT INTO "{table.name}" ({quoted}) SELECT {", ".join(values)} FROM {numbers_sql(count)} {where}'
    )


async def fill_company(branches: int, facts: int) -> None:
    """Branches, people, customers, and about `facts` rows of sales and money; then the rollups."""
    sales = facts * 3 // 10
    customers = max(branches * 20, 1)
    people = branches * PEOPLE
    branch_of = {"branch": branch_sql(f"n % {branches}")}
    offset = f"(n / {branches}) % {DAYS}"
    money = {"currency": "'CNY'", "base_minor": "10000 + (n * 7919) % 900000"}
    who = {
        "owner_id": id_sql(2, f"n % {people}"),
        "customer_id": id_sql(3, f"n % {customers}"),
        "department_id": "NULL",
    }
    await fill(
        Branch,
        branches,
        {
            **branch_of,
            "id": id_sql(1, "n"),
            "name": branch_sql("n"),
            "timezone": "'Asia/Shanghai'",
            "currency": "'CNY'",
        },
    )
    await fill(
        Employee, people, {**branch_of, "id": id_sql(2, "n"), "number": "'E' || n", "name": "'Person ' || n"}
    )
    await fill(
        Customer,
        customers,
        {
            **branch_of,
            "id": id_sql(3, "n"),
            "code": "'C' || n",
            "name": "'Customer ' || n",
            "currency": "'CNY'",
            "status": "'customer'",
            "acquired_on": day_sql(offset),
            "signed_on": day_sql(offset),
            "last_contact_on": day_sql(offset),
            "owner_id": id_sql(2, f"n % {people}"),
        },
    )
    day = day_sql(offset)
    amount = money["base_minor"]
    await fill(
        Order,
        sales,
        {
            **branch_of,
            **who,
            **money,
            "id": id_sql(4, "n"),
            "number": "'SO-' || n",
            "status": "'approved'",
            "happened_on": day,
            "approved_on": day,
            "base_currency": "'CNY'",
            "total_minor": amount,
        },
    )
    due = {
        "happened_on": day,
        "due_on": day_sql(f"({offset}) - 30"),
        "order_id": id_sql(4, "n"),
        "amount_minor": amount,
    }
    await fill(Receivable, sales, {**branch_of, **who, **money, **due, "id": id_sql(5, "n")})
    paid = f"WHERE (n / {branches}) % 3 <> 0"
    await fill(
        Receipt,
        sales,
        {
            **branch_of,
            **who,
            **money,
            "id": id_sql(6, "n"),
            "number": "'R-' || n",
            "happened_on": day,
            "amount_minor": amount,
        },
        paid,
    )
    await fill(
        Allocation,
        sales,
        {
            **branch_of,
            **who,
            **money,
            **due,
            "id": id_sql(7, "n"),
            "receipt_id": id_sql(6, "n"),
            "receivable_id": id_sql(5, "n"),
            "receipt_base_minor": amount,
        },
        paid,
    )
    await note_cursors(branches)
    await rollup.install()
    await rebuild.rebuild()
    await execute("ANALYZE")


async def note_cursors(branches: int) -> None:
    """Every branch has just been heard of and nothing of it is missing."""
    now = int(datetime.datetime.now(datetime.UTC).timestamp() * 1_000_000)
    zeros = "0" * 32
    await execute(
        "INSERT INTO branch_cursor (branch, epoch, seq, chain, digests, head_seq, applied_at, contact_at, complete_at, unproven, status, "
        f"wire_bytes, row_count, replay, runs, safe_epoch, safe_seq) SELECT {branch_sql('n')}, 'e', 1, '{zeros}', '{{}}', 1, {now}, {now}, {now}, '{{}}', 'normal', 0, 0, '', '', '', 0 "
        f"FROM {numbers_sql(branches)}"
    )
