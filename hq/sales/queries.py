"""The orders behind the figure sales: approved in the span, or cancelled in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from hq.figures.lists import as_date
from hq.figures.people import names_of
from hq.figures.shape import Figure
from hq.figures.units import scope_of
from shared.database import fetch_all
from shared.money import Money
from shared.web.keyset import Cut, Paging, Sort

COUNTED = "o.status IN ('approved', 'executing', 'completed', 'cancelled') AND o.deleted_at IS NULL"
DAYS = {"ordered": "o.approved_on", "cancelled": "o.cancelled_on"}


def sorts_of(kind: str) -> Mapping[str, Sort]:
    """Orders come newest first; the day is the one by which they count."""
    return {"day": Sort(DAYS[kind], date)}


@dataclass(frozen=True)
class OrderRow:
    """An order as a list shows it; `base` is what it adds to the figure, in the branch's currency."""

    id: str
    branch: str
    branch_name: str
    number: str
    customer: str
    customer_id: str
    owner: str
    day: date | None
    amount: Money
    base: Money
    status: str


async def orders(figure: Figure, kind: str, paging: Paging) -> Cut[Any]:
    """A page of the orders that make up a sales figure, as `kind` (ordered or cancelled)."""
    where, params = among(figure)
    page_where, order, page_params = paging.sql("o.id")
    rows = await fetch_all(
        "SELECT o.id, o.branch, o.number, o.customer_id, o.owner_id, o.approved_on, o.cancelled_on, o.currency, "
        f"o.total_minor, o.base_minor, o.base_currency, o.status, {DAYS[kind]} AS sort_value "
        f"FROM sales_order o WHERE {COUNTED} AND o.approved_on IS NOT NULL AND {DAYS[kind]} >= :first "
        f"AND {DAYS[kind]} <= :last{where} AND {page_where} {order}",
        first=figure.question.first,
        last=figure.question.last,
        **params,
        **page_params,
    )
    return paging.cut(rows)


def among(figure: Figure, alias: str = "o") -> tuple[str, dict[str, Any]]:
    """The condition of the figure's unit and branches on a table of rows with owner and department."""
    unit = figure.question.unit
    if unit.kind in ("company", "region"):
        scope = scope_of(figure.question, frozenset(mark.branch for mark in figure.watermarks))
        return ("", {}) if scope is None else (f" AND {alias}.branch IN :codes", {"codes": sorted(scope)})
    column = {"department": "department_id", "employee": "owner_id", "customer": "customer_id"}.get(unit.kind)
    where, params = f" AND {alias}.branch = :code", {"code": figure.total.branch}
    if column:
        return f"{where} AND {alias}.{column} = :unit_key", {**params, "unit_key": unit.key}
    return f"{where} AND {alias}.owner_id IS NULL" if unit.kind == "unassigned" else where, params


async def order_rows(
    rows: Sequence[Mapping[str, Any]], kind: str, branch_names: Mapping[str, str]
) -> list[OrderRow]:
    """The rows with the names of customers and sellers."""
    customers = await names_of("customer", {str(row["customer_id"]) for row in rows})
    owners = await names_of("employee", {str(row["owner_id"] or "") for row in rows})
    day = "approved_on" if kind == "ordered" else "cancelled_on"
    return [
        OrderRow(
            id=str(row["id"]),
            branch=str(row["branch"]),
            branch_name=branch_names.get(str(row["branch"]), str(row["branch"])),
            number=str(row["number"]),
            customer=customers[str(row["customer_id"])],
            customer_id=str(row["customer_id"]),
            owner=owners[str(row["owner_id"] or "")],
            day=as_date(row[day]),
            amount=Money(int(row["total_minor"]), str(row["currency"])),
            base=Money(int(row["base_minor"]), str(row["base_currency"] or row["currency"])),
            status=str(row["status"]),
        )
        for row in rows
    ]
