"""Who owes what as of a day: totals, by customer, by instalment, down to the entries. Set-based, both engines.

Amounts of totals and customers are minor units of the branch's base currency, fixed when the order was approved;
instalments and entries are in their own currency. As of today the running sums answer, as of an earlier day the
dated entries: a later payment never changes an earlier answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from branch_node.home import home
from branch_node.kept import MONEY_TABLES, kept_rows
from branch_node.lists import Cut, Paging, Sort, as_kind, like
from branch_node.reaching import record_for
from branch_node.receivables.rules import Standing
from branch_node.receivables.sources import (
    LEFT,
    LEFT_BASE,
    NOW_CREDIT,
    NOW_SOURCE,
    OPEN_SOURCE,
    PAST_CREDIT,
    PAST_SOURCE,
    SUMS,
    bounds_of,
)
from branch_node.searching import words
from shared.database import fetch_all
from shared.database.scope import reach_sql
from shared.errors import NotFound
from shared.figures import AGEING_BUCKETS
from shared.permissions import Person, reach
from shared.records import Adjustment, Order, Receivable


@dataclass(frozen=True)
class Filter:
    """What is asked for. `bucket` is one of the ageing or `overdue`; `as_of` the branch's date."""

    as_of: date
    query: str = ""
    customer_id: UUID | None = None
    order_id: UUID | None = None
    department_id: UUID | None = None
    currency: str = ""
    bucket: str | None = None

    @property
    def is_narrowed(self) -> bool:
        return bool(self.query or self.customer_id or self.department_id or self.currency or self.bucket)


@dataclass(frozen=True)
class Sums:
    """What a customer, or everybody asked for, owes; base currency. The buckets add up to `remaining`."""

    due: int = 0
    received: int = 0
    credited: int = 0
    written_off: int = 0
    remaining: int = 0
    buckets: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(AGEING_BUCKETS, 0))
    unallocated: int = 0
    foreign: int = 0
    open_count: int = 0
    customer_count: int = 0

    @property
    def overdue(self) -> int:
        return self.remaining - self.buckets["not_due"]

    @property
    def gap(self) -> int:
        """What is missing when the figures do not add up: 0 unless a row is damaged."""
        by_bucket = self.remaining - sum(self.buckets.values())
        return by_bucket or self.due - self.received - self.credited - self.written_off - self.remaining


@dataclass(frozen=True)
class CustomerRow:
    """A line of the list by customer; `sums` are those of the open instalments."""

    id: UUID
    name: str
    sums: Sums


@dataclass(frozen=True)
class InstalmentRow:
    """An instalment as of the day; amounts in its own currency."""

    id: UUID
    order_id: UUID
    order_number: str
    customer_id: UUID
    customer: str
    due_on: date
    happened_on: date
    standing: Standing
    is_disputed: bool


CUSTOMER_SORTS: Mapping[str, Sort] = {
    "overdue": Sort("g.overdue", int),
    "remaining": Sort("g.remaining", int),
    "over_90": Sort("g.b4", int),
    "name": Sort("g.name_key"),
}
INSTALMENT_SORTS: Mapping[str, Sort] = {
    "due_on": Sort("s.due_on", date),
    "remaining": Sort(LEFT_BASE, int),
}


def is_past(day: date) -> bool:
    """Whether the running sums of today do not answer for this day."""
    return day < home().today


def _sources(filters: Filter, *, only_open: bool = False) -> tuple[str, str]:
    """The instalments, all or those of which something remains, and the unallocated credits as of the day."""
    if is_past(filters.as_of):
        return f"SELECT * FROM ({PAST_SOURCE}) s WHERE {LEFT} <> 0" if only_open else PAST_SOURCE, PAST_CREDIT
    return OPEN_SOURCE if only_open else NOW_SOURCE, NOW_CREDIT


def _conditions(person: Person, filters: Filter, alias: str) -> tuple[list[str], dict[str, Any]]:
    """Scope and filters that instalments (s) and credits (u) share."""
    scope, params = reach_sql(
        reach(person, "receivable.view"),
        f"{alias}.owner_id",
        f"{alias}.department_id",
        f"{alias}.branch",
        prefix=f"{alias}_reach",
    )
    clauses = [scope]
    for name in ("customer_id", "department_id"):
        if (wanted := getattr(filters, name)) is not None:
            clauses.append(f"{alias}.{name} = :{name}")
            params[name] = wanted
    if filters.currency:
        clauses.append(f"{alias}.currency = :currency")
        params["currency"] = filters.currency
    for place, word in enumerate(words(filters.query)):
        clauses.append(
            f"EXISTS (SELECT 1 FROM customer k WHERE k.id = {alias}.customer_id AND k.search_key LIKE :word{place} ESCAPE '!')"
        )
        params[f"word{place}"] = like(word)
    return clauses, params


def _instalment_conditions(person: Person, filters: Filter) -> tuple[str, dict[str, Any]]:
    clauses, params = _conditions(person, filters, "s")
    params |= {
        "branch": home().code,
        "day": filters.as_of,
        "base": home().currency,
        **bounds_of(filters.as_of),
    }
    if filters.order_id is not None:
        clauses.append("s.order_id = :order_id")
        params["order_id"] = filters.order_id
    if filters.bucket == "overdue":
        clauses.append("s.due_on < :day")
    elif filters.bucket:
        place = AGEING_BUCKETS.index(filters.bucket)
        clauses.append(f"s.due_on BETWEEN :low{place} AND :high{place}")
    return " AND ".join(clauses), params


def _credit_conditions(person: Person, filters: Filter) -> tuple[str, dict[str, Any]]:
    """Of unallocated credits; an age has none."""
    clauses, params = _conditions(person, filters, "u")
    return (" AND ".join(clauses) if not filters.bucket else "1 = 0"), params


def _grouped(person: Person, filters: Filter) -> tuple[str, dict[str, Any]]:
    """SQL: one row per customer with sums of what is open, buckets and unallocated credit."""
    instalments, credits_sql = _sources(filters, only_open=True)
    where, params = _instalment_conditions(person, filters)
    credit_where, more = _credit_conditions(person, filters)
    zeros = ", ".join("0" for _ in range(8 + len(AGEING_BUCKETS)))
    names = [
        "due",
        "received",
        "credited",
        "written_off",
        "remaining",
        "overdue",
        "foreign_part",
        "open_count",
    ]
    names += [f"b{place}" for place in range(len(AGEING_BUCKETS))]
    total = ", ".join(f"CAST(SUM(x.{name}) AS BIGINT) AS {name}" for name in [*names, "unallocated"])
    sql = f"""
SELECT x.customer_id AS id, {total} FROM (
  SELECT s.customer_id, {SUMS}, 0 AS unallocated FROM ({instalments}) s WHERE {where} GROUP BY s.customer_id
  UNION ALL
  SELECT u.customer_id, {zeros}, SUM(u.rest_base) FROM ({credits_sql}) u WHERE {credit_where} GROUP BY u.customer_id
) x GROUP BY x.customer_id"""
    return sql, {**more, **params}


async def _rows(filters: Filter, sql: str, **params: Any) -> list[dict[str, Any]]:
    """Kept until money moves when many rows are behind them; those of one customer or order are asked anew."""
    if filters.customer_id or filters.order_id or filters.query:
        return await fetch_all(sql, **params)
    return await kept_rows(MONEY_TABLES, sql, **params)


async def totals(person: Person, filters: Filter) -> Sums:
    """Everything asked for in one row; zeros when there is nothing."""
    every, credits_sql = _sources(filters)
    still_open, _ = _sources(filters, only_open=True)
    where, params = _instalment_conditions(person, filters)
    credit_where, more = _credit_conditions(person, filters)
    names = "due received credited written_off remaining overdue foreign_part open_count b0 b1 b2 b3 b4"
    sums = ", ".join(f"CAST(COALESCE(g.{name}, 0) AS BIGINT) AS {name}" for name in names.split())
    rows = await _rows(
        filters,
        f"SELECT {sums}, (SELECT CAST(COALESCE(SUM(u.rest_base), 0) AS BIGINT) FROM ({credits_sql}) u WHERE {credit_where}) "
        f"AS unallocated, (SELECT COUNT(*) FROM (SELECT s.customer_id FROM ({still_open}) s WHERE {where} "
        f"UNION SELECT u.customer_id FROM ({credits_sql}) u WHERE {credit_where}) AS those) AS customer_count "
        f"FROM (SELECT {SUMS} FROM ({every}) s WHERE {where}) g",
        **{**more, **params},
    )
    return _sums(rows[0])


def _sums(row: Mapping[str, Any]) -> Sums:
    return Sums(
        due=int(row["due"]),
        received=int(row["received"]),
        credited=int(row["credited"]),
        written_off=int(row["written_off"]),
        remaining=int(row["remaining"]),
        buckets={name: int(row[f"b{place}"]) for place, name in enumerate(AGEING_BUCKETS)},
        unallocated=int(row["unallocated"]),
        foreign=int(row["foreign_part"]),
        open_count=int(row["open_count"]),
        customer_count=int(row.get("customer_count") or 0),
    )


async def customers_page(person: Person, filters: Filter, paging: Paging) -> Cut[CustomerRow]:
    """Customers with something remaining or unallocated, one page."""
    grouped, params = _grouped(person, filters)
    page, order, more = paging.sql("g.id")
    rows = await _rows(
        filters,
        f"SELECT g.*, {paging.sort.expression} AS sort_value FROM (SELECT t.*, c.name, c.search_key AS name_key "
        f"FROM ({grouped}) t JOIN customer c ON c.id = t.id WHERE t.remaining <> 0 OR t.unallocated <> 0) g "
        f"WHERE {page} {order}",
        **params,
        **more,
    )
    cut = paging.cut(rows)
    found = [CustomerRow(as_kind(row["id"], UUID), row["name"], _sums(row)) for row in cut.rows]
    return Cut(found, cut.next, cut.previous)


INSTALMENTS_SQL = """
SELECT s.*, c.name AS customer, o.number AS order_number, x.disputed_at, {sort} AS sort_value
FROM ({source}) s
JOIN customer c ON c.id = s.customer_id
JOIN sales_order o ON o.id = s.order_id
JOIN receivable x ON x.id = s.id
WHERE {where} AND {page} {order}"""


async def instalments_page(
    person: Person, filters: Filter, paging: Paging, *, with_settled: bool = False
) -> Cut[InstalmentRow]:
    """Instalments one by one; those with nothing remaining only `with_settled`."""
    where, params = _instalment_conditions(person, filters)
    page, order, more = paging.sql("s.id")
    sql = INSTALMENTS_SQL.format(
        sort=paging.sort.expression,
        source=_sources(filters, only_open=not with_settled)[0],
        where=where,
        page=page,
        order=order,
    )
    cut = paging.cut(await _rows(filters, sql, **params, **more))
    return Cut([_instalment(row) for row in cut.rows], cut.next, cut.previous)


def _instalment(row: Mapping[str, Any]) -> InstalmentRow:
    row_id = as_kind(row["id"], UUID)
    standing = Standing(
        row_id,
        f"{row['order_number']}/{row['position']}",
        row["currency"],
        int(row["due"]),
        int(row["due_base"]),
        int(row["received"]),
        int(row["received_base"]),
        int(row["credited"]),
        int(row["credited_base"]),
        int(row["written_off"]),
        int(row["written_off_base"]),
    )
    return InstalmentRow(
        row_id,
        as_kind(row["order_id"], UUID),
        row["order_number"],
        as_kind(row["customer_id"], UUID),
        row["customer"],
        as_kind(row["due_on"], date),
        as_kind(row["happened_on"], date),
        standing,
        row["disputed_at"] is not None,
    )


async def receivable_for(person: Person, receivable_id: UUID, action: str = "receivable.view") -> Receivable:
    """The instalment if `person` may do `action` on it; NotFound otherwise."""
    return await record_for(Receivable, person, receivable_id, action)


async def adjustment_for(person: Person, adjustment_id: UUID, action: str) -> Adjustment:
    """A credit note or write-off whose instalment lies within reach; NotFound otherwise and for counter rows."""
    found = await Adjustment.get_or_none(id=adjustment_id, branch=home().code, deleted_at=None)
    if found is None or found.reverses_id is not None:
        raise NotFound()
    await receivable_for(person, found.receivable_id, action)
    return found


async def order_of(row: Receivable) -> Order:
    """The order of an instalment that the person was found to see."""
    return await Order.get(id=row.order_id)
