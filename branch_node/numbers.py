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
