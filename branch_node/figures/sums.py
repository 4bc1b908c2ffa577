"""Sums over the entries of shared/figures.py, from the branch's own rows: one statement for any number of measures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from branch_node.home import home
from branch_node.kept import kept_rows
from shared.database.scope import reach_sql
from shared.figures import ENTRIES, Entry
from shared.permissions import Reach


@dataclass(frozen=True)
class Want:
    """A column of sums: which measure, between which days (None: no bound, both included), base amounts or counts."""

    alias: str
    measure: str
    first: date | None = None
    last: date | None = None
    is_count: bool = False
    dim: str | None = None


async def sums(wants: Sequence[Want], by: str, scope: Reach | None) -> dict[str, dict[str, int]]:
    """Each want's sum by key (id of employee or customer, dim, or "" for the whole), 0 where nothing counts.

    `scope` bounds the rows to what a person may see (None: the whole branch). The key "None" stands for rows
    that belong to nobody. One query.
    """
    parts: list[str] = []
    params: dict[str, Any] = {"branch": home().code}
    for place, want in enumerate(wants):
        for entry in (one for one in ENTRIES if one.measure == want.measure):
            parts.append(_part(entry, want, by, place, scope, params))
    tables = {entry.table for want in wants for entry in ENTRIES if entry.measure == want.measure}
    rows = await kept_rows(
        sorted(tables),
        "SELECT k, alias, CAST(sum(amount) AS BIGINT) AS amount FROM ("
        + " UNION ALL ".join(parts)
        + ") AS counted GROUP BY k, alias",
        **params,
    )
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        key = "None" if row["k"] is None else str(row["k"])
        found.setdefault(key, dict.fromkeys((want.alias for want in wants), 0))[row["alias"]] = int(
            row["amount"]
        )
    return found


def _key(entry: Entry, by: str) -> str:
    """What rows are told apart by, as an SQL expression over the row's own columns."""
    if by == "employee":
        return f"CAST({entry.employee} AS VARCHAR(36))"
    if by == "customer":
        return "CAST(customer_id AS VARCHAR(36))"
    return entry.dim if by == "dim" else "''"


def _part(entry: Entry, want: Want, by: str, place: int, scope: Reach | None, params: dict[str, Any]) -> str:
    conditions = ["branch = :branch", "deleted_at IS NULL", f"({entry.where})", f"{entry.day} IS NOT NULL"]
    if want.first is not None:
        conditions.append(f"{entry.day} >= :first{place}")
        params[f"first{place}"] = want.first
    if want.last is not None:
        conditions.append(f"{entry.day} <= :last{place}")
        params[f"last{place}"] = want.last
    if want.dim is not None:
        conditions.append(f"{entry.dim} = :dim{place}")
        params[f"dim{place}"] = want.dim
    if scope is not None:
        condition, more = reach_sql(scope, entry.employee, entry.department, prefix="seen")
        conditions.append(condition)
        params.update(more)
    amount = entry.count if want.is_count else entry.base
    return (
        f"SELECT {_key(entry, by)} AS k, '{want.alias}' AS alias, {amount} AS amount FROM {entry.table} "
        f"WHERE {' AND '.join(conditions)}"
    )


def added(rows: Mapping[str, Mapping[str, int]], wants: Sequence[Want]) -> dict[str, int]:
    """Column sums over all keys."""
    return {want.alias: sum(row.get(want.alias, 0) for row in rows.values()) for want in wants}
