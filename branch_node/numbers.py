"""Consecutive numbers of documents and codes of customers, one series per name."""

import re

from tortoise.backends.base.client import TransactionalDBClient

from branch_node.home import home
from shared.database import engine, execute, fetch_one, fetch_value
from shared.database.access import connection

SERIES = (
    ("customer", "customer", "code", "C"),
    ("employee", "employee", "number", "E"),
    ("quotation", "quotation", "number", "Q"),
    ("order", "sales_order", "number", "SO"),
    ("receipt", "receipt", "number", "R"),
    ("expense", "expense", "number", "E"),
    ("credit", "adjustment", "number", "CN"),
    ("write_off", "adjustment", "number", "WO"),
)
"""Series, the table and column that carry its numbers, the prefix."""


async def next_number(series: str, prefix: str, digits: int = 6) -> str:
    """The next number of a series, e.g. "SH-C000123". Inside the caller's transaction: a rollback gives it back.

    Two writers never get the same one: the row of the series is locked until the transaction ends. Whoever takes a number
    late in the transaction lets the others wait less.
    """
    taken = await fetch_value(
        "INSERT INTO number_series (name, last_number) VALUES (:name, 1) "
        "ON CONFLICT (name) DO UPDATE SET last_number = number_series.last_number + 1 RETURNING last_number",
        name=series,
    )
    return f"{home().code}-{prefix}{int(taken):0{digits}d}"


async def next_free_number(series: str, digits: int = 6) -> str:
    """As `next_number`, for a series whose numbers people may type, too: one that a row carries already is passed over."""
    return await _next_free(series, digits, "")


async def number_ahead(series: str, digits: int = 6) -> str:
    """The next free number before the caller's transaction, so that nobody waits for it; a rollback loses the number. Empty where it
    must be taken within: on SQLite, where it would be a second wait for the disk, and when a transaction runs already.

    The commit of the number does not wait for the disk. PostgreSQL writes its log in order: a row that carries the number is
    on the disk after the number is, so that a crash loses both or the number alone.
    """
    if engine() == "sqlite" or isinstance(connection(), TransactionalDBClient):
        return ""
    return await _next_free(series, digits, ", set_config('synchronous_commit', 'off', true)")


async def _next_free(series: str, digits: int, more: str) -> str:
    table, column, head = _place_of(series)
    number = "CAST(number_series.last_number AS VARCHAR(20))"
    padded = f"substr('{'0' * digits}', 1 + length({number})) || {number}"
    while True:
        row = await fetch_one(
            "INSERT INTO number_series (name, last_number) VALUES (:name, 1) "
            "ON CONFLICT (name) DO UPDATE SET last_number = number_series.last_number + 1 RETURNING last_number, "
            f"EXISTS (SELECT 1 FROM {table} WHERE branch = :branch AND {column} = CAST(:head AS VARCHAR(40)) || {padded} "
            f"AND deleted_at IS NULL) AS is_taken{more}",
            name=series,
            branch=home().code,
            head=head,
        )
        assert row is not None
        if not row["is_taken"]:
            return f"{head}{int(row['last_number']):0{digits}d}"


async def take_typed_number(series: str, text: str) -> bool:
    """Let the series never give out a number that somebody types. Inside the caller's transaction, before it looks whether a row
    carries the number: until the transaction ends nobody else takes or types one of the series. True when the series had come to
    this number before: whoever got it ahead of a transaction (`number_ahead`) may be about to write its row."""
    _table, _column, head = _place_of(series)
    typed = text.removeprefix(head)
    number = int(typed) if text.startswith(head) and re.fullmatch("[0-9]{1,15}", typed) else 0
    await execute(
        "INSERT INTO number_series (name, last_number) VALUES (:name, 0) ON CONFLICT (name) DO UPDATE SET "
        "last_number = number_series.last_number",
        name=series,
    )
    last = int(await fetch_value("SELECT last_number FROM number_series WHERE name = :name", name=series))
    if number > last:
        await execute(
            "UPDATE number_series SET last_number = :number WHERE name = :name", name=series, number=number
        )
    return 0 < number <= last


def _place_of(series: str) -> tuple[str, str, str]:
    """Table and column that carry the numbers of a series, and what they begin with at this branch."""
    table, column, prefix = next(place for name, *place in SERIES if name == series)
    return table, column, f"{home().code}-{prefix}"


async def next_numbers(series: str, prefix: str, count: int, digits: int = 6) -> list[str]:
    """The next `count` numbers of a series at once, for rows that come in bulk; else as `next_number`."""
    last = await fetch_value(
        "INSERT INTO number_series (name, last_number) VALUES (:name, :count) "
        "ON CONFLICT (name) DO UPDATE SET last_number = number_series.last_number + :count RETURNING last_number",
        name=series,
        count=count,
    )
    first = int(last) - count + 1
    return [f"{home().code}-{prefix}{number:0{digits}d}" for number in range(first, first + count)]


async def catch_up_numbers() -> None:
    """Let no series give out a number that a row already carries; after rows came in that the series did not number.

    Inside the caller's transaction.
    """
    for series, table, column, prefix in SERIES:
        head = f"{home().code}-{prefix}"
        taken = await fetch_value(
            f"SELECT max(CAST(substr({column}, :begin) AS BIGINT)) AS taken FROM {table} "
            f"WHERE branch = :code AND {column} LIKE :pattern AND {_only_digits(column)}",
            begin=len(head) + 1,
            code=home().code,
            pattern=f"{head}%",
        )
        if taken:
            await execute(
                "INSERT INTO number_series (name, last_number) VALUES (:name, :taken) ON CONFLICT (name) "
                "DO UPDATE SET last_number = :taken WHERE number_series.last_number < :taken",
                name=series,
                taken=int(taken),
            )


def _only_digits(column: str) -> str:
    """Whether what follows the prefix is a number."""
    if engine() == "postgres":
        return f"substr({column}, :begin) ~ '^[0-9]{{1,15}}$'"
    return f"substr({column}, :begin) NOT GLOB '*[^0-9]*' AND length({column}) BETWEEN :begin AND :begin + 14"
