"""Sums of measures over the branch's own rows, by shared.figures.ENTRIES."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from shared.database import engine, fetch_all
from shared.entries_sql import entry_sql
from shared.figures import ENTRIES


@dataclass(frozen=True)
class Sum:
    """What one employee ('' = unassigned) has of a measure, split by `dim`: minor units and a count."""

    measure: str
    employee: str
    dim: str
    base: int
    count: int


async def sums(measures: Collection[str], first: date, last: date) -> list[Sum]:
    """Sums of the days first .. last, both included; one statement whatever the number of rows."""
    text = "TEXT" if engine() == "sqlite" else "VARCHAR"
    parts = [entry_sql(entry, f'"{entry.table}"', 1) for entry in ENTRIES if entry.measure in measures]
    union = " UNION ALL ".join(parts).replace("{text}", text)
    rows = await fetch_all(
        f"SELECT measure, employee, dim, SUM(base) AS base, SUM(n) AS n FROM ({union}) AS added "
        "WHERE period >= :first AND period <= :last GROUP BY measure, employee, dim",
        first=first.isoformat(),
        last=last.isoformat(),
    )
    return [Sum(row["measure"], row["employee"], row["dim"], int(row["base"]), int(row["n"])) for row in rows]


def by_employee(found: Collection[Sum]) -> dict[str, dict[str, int]]:
    """employee -> measure -> base amount."""
    totals: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in found:
        totals[one.employee][one.measure] += one.base
    return totals
