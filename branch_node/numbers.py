"""Consecutive numbers of documents and codes of customers, one series per name."""

from branch_node.home import home
from shared.database import fetch_value


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
