"""Consecutive numbers of documents and codes of customers, one series per name."""

from branch_node.home import home
from shared.database import engine, execute, fetch_value

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

    Two writers never get the same one: the row of the series is locked until the transaction ends.
    """
    taken = await fetch_value(
        "INSERT INTO number_series (name, last_number) VALUES (:name, 1) "
        "ON CONFLICT (name) DO UPDATE SET last_number = number_series.last_number + 1 RETURNING last_number",
        name=series,
    )
    return f"{home().code}-{prefix}{int(taken):0{digits}d}"


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
