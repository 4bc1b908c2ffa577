"""Reads the journal of arrivals: contributions that came after their day, or after a moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from hq.figures import facts
from hq.figures.freshness import Directory
from hq.figures.people import names_of, place_of
from hq.figures.receivables import order_numbers
from hq.figures.shape import Question
from hq.figures.units import scope_of
from shared import clock
from shared.canonical import from_micros
from shared.database import fetch_all

LATE_DAYS = 30
"""How far back late entries are listed when no moment is given."""
LISTED = (
    "ordered", "cancelled", "shipped", "due", "received", "credited", "written_off", "receipts", "expense", "customers_new",
    "customers_signed", "activities", "plans",
)  # fmt: skip

ENTRIES = """SELECT j.id, j.branch, j.measure, j.period, j.customer, j.employee, j.sale, j.base, j.n, j.received_at
FROM figure_journal j WHERE j.measure IN :measures AND j.received_at > :since{where}
ORDER BY j.received_at DESC, j.id DESC LIMIT :row_limit OFFSET :row_offset"""


@dataclass(frozen=True)
class LateEntry:
    """One contribution: what it counts for and when, what it changed (base currency), when it came."""

    branch: str
    measure: str
    happened_on: date
    customer: str
    who: str
    order: str
    base: int
    count: int
    received_at: datetime


async def late_entries(question: Question, branches: Directory, limit: int, offset: int) -> list[LateEntry]:
    """What came after `known_at` for days up to `as_of`; without a moment what came after its own day, of the last
    LATE_DAYS days. Newest first; one row more than `limit`, so that the caller knows whether there are more."""
    conditions: list[str] = []
    params: dict[str, Any] = {"measures": list(LISTED), "row_limit": limit + 1, "row_offset": offset}
    params["since"] = question.known_at or clock.now() - timedelta(days=LATE_DAYS)
    if question.known_at is None:
        conditions.append("j.period < j.received_on")
    if question.as_of is not None:
        conditions.append("j.period <= :until")
        params["until"] = question.as_of.isoformat()
    if question.unit.kind in ("company", "region"):
        scope = scope_of(question, branches.codes)
        if scope is not None:
            conditions.append("j.branch IN :codes")
            params["codes"] = sorted(scope)
    else:
        place = await place_of(question.unit, branches)
        conditions.append("j.branch = :code")
        params |= {"code": place.branch.code, "unit_text": place.unit.key}
        if narrower := facts.Among(place.branch.code, place.unit).later():
            conditions.append(narrower.removeprefix(" AND "))
    where = "".join(f" AND {condition}" for condition in conditions)
    rows = await fetch_all(ENTRIES.format(where=where), **params)
    customers = await names_of("customer", {str(row["customer"]) for row in rows})
    people = await names_of("employee", {str(row["employee"]) for row in rows})
    orders = await order_numbers(sorted({str(row["sale"]) for row in rows}))
    return [late_entry(row, customers, people, orders) for row in rows]


def late_entry(
    row: Mapping[str, Any], customers: Mapping[str, str], people: Mapping[str, str], orders: Mapping[str, str]
) -> LateEntry:
    """One row with its names."""
    customer = str(row["customer"])
    return LateEntry(
        branch=str(row["branch"]),
        measure=str(row["measure"]),
        happened_on=date.fromisoformat(str(row["period"])),
        customer=customers[customer] if customer else "",
        who=people[str(row["employee"])],
        order=orders.get(str(row["sale"]), ""),
        base=int(row["base"]),
        count=int(row["n"]),
        received_at=from_micros(int(row["received_at"])),
    )
