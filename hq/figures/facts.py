"""Sums of the replicated rows of one branch, by the definitions of shared.figures: the levels below a branch.

The rollup answers for branches and their people; customers, instalments and any day in the past of one branch are
summed here from its own rows, found by the branch's index. Nothing company-wide is read this way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import count
from typing import Any, Literal
from uuid import UUID

from hq.figures.cells import Sums, Want
from hq.figures.journal import MONEY_OWED
from hq.figures.shape import COMPANY_UNIT, Unit
from shared.database import fetch_all
from shared.figures import ENTRIES, Entry

By = Literal["employee", "department", "customer", "order", "instalment", "month", "dim", "all"]

_CUSTOMER = {"customer": "id"}
_ORDER = {"sales_order": "id", "receipt": "NULL"}
_INSTALMENT = {"receivable": "id", "receipt": "NULL"}


@dataclass(frozen=True)
class Among:
    """Which rows of a branch: all, or those of a department, an employee, nobody, or a customer; `known_at` leaves out
    what arrived after that moment."""

    branch: str
    unit: Unit = COMPANY_UNIT
    known_at: datetime | None = None

    def condition(self, entry: Entry) -> tuple[str, dict[str, Any]]:
        """The condition of one entry's table and its parameters."""
        kind, key = self.unit.kind, self.unit.key
        if kind == "department":
            return f" AND {entry.department} = :unit_key", {"unit_key": UUID(key)}
        if kind == "employee":
            return f" AND {entry.employee} = :unit_key", {"unit_key": UUID(key)}
        if kind == "unassigned":
            return f" AND {entry.employee} IS NULL", {}
        if kind == "customer":
            return f" AND {_CUSTOMER.get(entry.table, 'customer_id')} = :unit_key", {"unit_key": UUID(key)}
        return "", {}

    def later(self) -> str:
        """The condition on the journal for what arrived after `known_at`; :unit_key as text."""
        kind = self.unit.kind
        if kind == "unassigned":
            return " AND employee = ''"
        if kind in ("department", "employee", "customer"):
            return f" AND {kind} = :unit_text"
        return ""


_JOURNAL_KEYS: Mapping[str, str] = {
    "employee": "employee",
    "department": "department",
    "customer": "customer",
    "order": "sale",
    "instalment": "instalment",
    "month": "substr(period, 1, 7)",
    "dim": "dim",
}


def _key(by: By, entry: Entry, day: str) -> str:
    if by == "employee":
        return f"COALESCE(CAST({entry.employee} AS VARCHAR(36)), '')"
    if by == "department":
        return f"COALESCE(CAST({entry.department} AS VARCHAR(36)), '')"
    if by == "customer":
        return f"CAST({_CUSTOMER.get(entry.table, 'customer_id')} AS VARCHAR(36))"
    if by == "order":
        return f"COALESCE(CAST({_ORDER.get(entry.table, 'order_id')} AS VARCHAR(36)), '')"
    if by == "instalment":
        return f"COALESCE(CAST({_INSTALMENT.get(entry.table, 'receivable_id')} AS VARCHAR(36)), '')"
    if by == "month":
        return f"substr(CAST({day} AS VARCHAR(10)), 1, 7)"
    return entry.dim if by == "dim" else "''"


_VALUES: Mapping[str, str] = {"base": "base", "amount": "amount", "n": "count"}


def arms(
    wants: Sequence[Want], by: By, among: Among, as_of: date | None = None
) -> tuple[list[str], dict[str, str], dict[str, Any]]:
    """(SELECTs, column sums by name, parameters) that add up what `wants` ask for.

    With `as_of` remaining by due date is that of the day: only what was effective on or before it counts, whatever
    day it is booked under.
    """
    selects: list[str] = []
    sums: dict[str, str] = {}
    params: dict[str, Any] = {"branch": among.branch}
    numbers = count()
    for slot, want in enumerate(wants):
        sums[want.name] = f"CAST(SUM(CASE WHEN slot = {slot} THEN v ELSE 0 END) AS BIGINT)"
        for entry in (entry for entry in ENTRIES if entry.measure == want.measure):
            where, extra = among.condition(entry)
            params |= extra
            for side, day in (("first", want.first), ("last", want.last)):
                if day is not None:
                    name = f"d{next(numbers)}"
                    params[name] = day
                    where += f" AND {entry.day} {'>=' if side == 'first' else '<='} :{name}"
            if want.dims is not None:
                name = f"d{next(numbers)}"
                params[name] = sorted(want.dims)
                where += f" AND {entry.dim} IN :{name}"
            rule = entry.where
            if as_of is not None and want.measure == "remaining_by_due":
                params["as_of"] = as_of
                rule = _effective(entry)
            value = getattr(entry, _VALUES[want.value])
            selects.append(
                f"SELECT {_key(by, entry, entry.day)} AS k, {value} AS v, {slot} AS slot FROM {entry.table} "
                f"WHERE branch = :branch AND deleted_at IS NULL AND {entry.day} IS NOT NULL AND ({rule}){where}"
            )
    if among.known_at is not None:
        selects += later_arms(wants, by, among, params, as_of)
    return selects, sums, params


def later_arms(
    wants: Sequence[Want], by: By, among: Among, params: dict[str, Any], as_of: date | None
) -> list[str]:
    """SELECTs that take back what arrived after the moment of `among`; adds their parameters."""
    params["known_at"] = among.known_at
    params["unit_text"] = among.unit.key
    found = []
    for slot, want in enumerate(wants):
        value, day, rule = _VALUES[want.value].replace("count", "n"), "period", f"measure = '{want.measure}'"
        if want.measure == "remaining_by_due":
            signed = " ".join(f"WHEN '{name}' THEN {sign}" for name, sign in MONEY_OWED.items())
            value, day = f"{value} * CASE measure {signed} END", "due_on"
            rule = "measure IN ({})".format(", ".join(f"'{name}'" for name in MONEY_OWED))
            if as_of is not None:
                params["as_of_text"] = as_of.isoformat()
                rule += " AND period <= :as_of_text"
        for side, bound in (("first", want.first), ("last", want.last)):
            if bound is not None:
                params[f"l{slot}_{side}"] = bound.isoformat()
                rule += f" AND {day} {'>=' if side == 'first' else '<='} :l{slot}_{side}"
        if want.dims is not None:
            params[f"l{slot}_dims"] = sorted(want.dims)
            rule += f" AND dim IN :l{slot}_dims"
        found.append(
            f"SELECT {_JOURNAL_KEYS.get(by, chr(39) * 2)} AS k, -({value}) AS v, {slot} AS slot FROM figure_journal "
            f"WHERE branch = :branch AND received_at > :known_at AND {rule}{among.later()}"
        )
    return found


def _effective(entry: Entry) -> str:
    """The entry's condition as it stood on :as_of: what happened later had not happened."""
    if entry.table == "receivable":
        return "happened_on <= :as_of AND (cancelled_on IS NULL OR cancelled_on > :as_of)"
    return f"({entry.where}) AND happened_on <= :as_of"


async def sums(wants: Sequence[Want], by: By, among: Among, as_of: date | None = None) -> dict[str, Sums]:
    """The wants by key ('' where the key is empty); one statement."""
    selects, columns, params = arms(wants, by, among, as_of)
    picked = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
    rows = await fetch_all(
        f"SELECT k, {picked} FROM ({' UNION ALL '.join(selects)}) AS entries GROUP BY k", **params
    )
    return {str(row.pop("k")): row for row in rows}


@dataclass(frozen=True)
class Ranked:
    """A page of keys by one value, and the sums and number of all of them."""

    rows: Sequence[tuple[str, Sums]]
    total: Sums
    count: int


async def ranked(
    wants: Sequence[Want],
    by: By,
    among: Among,
    *,
    order: str,
    keep: str,
    limit: int,
    offset: int,
    as_of: date | None = None,
) -> Ranked:
    """The keys with the largest `order` first (an SQL expression over the wants' names), `limit` of them.

    Keys where `keep` does not hold are neither listed nor counted, but they are in the total. One statement.
    """
    selects, columns, params = arms(wants, by, among, as_of)
    picked = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
    totals = ", ".join(f"CAST(SUM({name}) AS BIGINT) AS {name}" for name in columns)
    names = ", ".join(columns)
    rows = await fetch_all(
        f"WITH keyed AS (SELECT k, {picked} FROM ({' UNION ALL '.join(selects)}) AS entries GROUP BY k), "
        f"wanted AS (SELECT k, {names}, {order} AS rank_value FROM keyed WHERE {keep}) "
        f"SELECT 0 AS part, NULL AS k, {totals}, (SELECT COUNT(*) FROM wanted) AS rank_value FROM keyed UNION ALL "
        f"SELECT part, k, {names}, rank_value FROM (SELECT 1 AS part, k, {names}, rank_value FROM wanted "
        "ORDER BY rank_value DESC, k LIMIT :row_limit OFFSET :row_offset) AS page ORDER BY part, rank_value DESC, k",
        **params,
        row_limit=limit,
        row_offset=offset,
    )
    head, *page = rows
    total = {name: int(head[name] or 0) for name in columns}
    found = [(str(row["k"]), {name: int(row[name]) for name in columns}) for row in page]
    return Ranked(found, total, int(head["rank_value"] or 0))
