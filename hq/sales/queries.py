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
SHARED = "(SELECT s.order_id FROM order_share s WHERE s.employee_id = :unit_key AND s.deleted_at IS NULL)"
_OF_ORDER = "FROM order_share s WHERE s.order_id = o.id AND s.deleted_at IS NULL"
SOLD_BY = {
    "employee": "COALESCE((SELECT CAST(SUM(CASE WHEN s.employee_id = :unit_key THEN s.base_minor ELSE 0 END) AS BIGINT) "
    f"{_OF_ORDER}), o.base_minor)",
    "unassigned": f"CASE WHEN EXISTS (SELECT 1 {_OF_ORDER}) THEN 0 ELSE o.base_minor END",
}
"""What of an order counts for the unit, by the shares of its sellers."""
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
    kind_of_unit = figure.question.unit.kind
    base = SOLD_BY.get(kind_of_unit, "o.base_minor")
    if kind_of_unit == "employee":
        where = f" AND o.branch = :code AND (o.owner_id = :unit_key OR o.id IN {SHARED})"
    page_where, order, page_params = paging.sql("o.id")
    rows = await fetch_all(
        "SELECT o.id, o.branch, o.number, o.customer_id, o.owner_id, o.approved_on, o.cancelled_on, o.currency, "
        f"o.total_minor, {base} AS base_minor, o.base_currency, o.status, {DAYS[kind]} AS sort_value "
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
