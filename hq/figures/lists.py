"""The figures that are lists: newest customers, signed customers, news. Rows are items, the total counts them all."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from hq.figures import memo
from hq.figures.cells import Want
from hq.figures.freshness import Directory, directory
from hq.figures.people import names_of, place_of
from hq.figures.rates import conversion
from hq.figures.rules import Conversion
from hq.figures.shape import Column, Figure, Line, MissingRate, Question, Value
from hq.figures.units import month_of, scope_of
from shared.database import fetch_all
from shared.i18n import N_
from shared.records import COMPANY

NEWEST_COLUMNS = (
    Column("acquired_on", N_("Acquired"), "day"),
    Column("owner", N_("Owner"), "text"),
    Column("status", N_("State"), "text"),
    Column("group", N_("Group"), "text"),
    Column("region", N_("Region"), "text"),
)
SIGNED_COLUMNS = (
    Column("signed_on", N_("Signed"), "day"),
    Column("owner", N_("Owner"), "text"),
    Column("amount", N_("First orders"), title=N_("Orders approved on the day of signing.")),
    Column("region", N_("Region"), "text"),
)
NEWS_COLUMNS = (
    Column("happened_on", N_("Date"), "day"),
    Column("kind", N_("Kind"), "text"),
    Column("source", N_("Source"), "text"),
    Column("link", N_("Link"), "text"),
)

CUSTOMERS = """SELECT c.id, c.branch, c.name, c.code, c.acquired_on, c.signed_on, c.owner_id, c.status,
c.customer_group, c.region FROM customer c WHERE c.deleted_at IS NULL AND c.merged_into_id IS NULL
AND c.{day} >= :first AND c.{day} <= :last{where} ORDER BY c.{day} DESC, c.id DESC LIMIT :row_limit OFFSET :row_offset"""


UNKNOWN_THEN = """ AND NOT EXISTS (SELECT 1 FROM figure_journal l WHERE l.branch = c.branch AND l.measure = :measure
AND l.row_id = CAST(c.id AS VARCHAR(36)) AND l.received_at > :known_at)"""
"""Leaves out customers whose contribution arrived after :known_at."""


async def newest_customers(question: Question, branches: Directory | None = None) -> Figure:
    """Customers by the day they were acquired, newest first (default: this month)."""
    return await customers(
        question, "newest-customers", "acquired_on", "customers_new", NEWEST_COLUMNS, branches
    )


async def signed_customers(question: Question, branches: Directory | None = None) -> Figure:
    """Customers by the day of their first approved order, newest first (default: this month)."""
    return await customers(
        question, "signed-customers", "signed_on", "customers_signed", SIGNED_COLUMNS, branches
    )


async def customers(
    question: Question, name: str, day: str, measure: str, columns: Sequence[Column], known: Directory | None
) -> Figure:
    """A page of customers and how many there are in all."""
    branches = known or await directory(question)
    first, last = month_of(question)
    where, params, narrowed = await narrowing(question, branches)
    if question.known_at is not None:
        where += UNKNOWN_THEN
        params |= {"known_at": question.known_at, "measure": measure}
    found = await fetch_all(
        CUSTOMERS.format(day=day, where=where),
        first=first,
        last=last,
        row_limit=question.limit,
        row_offset=question.offset,
        **params,
    )
    owners = await names_of("employee", {str(row["owner_id"] or "") for row in found})
    amounts: Mapping[str, int] = {}
    rates = await conversion(narrowed.currencies, question.currency, last, question.known_at)
    if day == "signed_on":
        amounts = await first_orders([str(row["id"]) for row in found])
    count = await count_of(question, narrowed, measure, day, first, last, where, params)
    lines = [customer_line(row, narrowed, owners, amounts, rates) for row in found]
    missing = {
        rates.missing(branch.currency)
        for branch in narrowed.branches
        if day == "signed_on" and branch.currency and rates.rate(branch.currency) is None
        and any(line.branch == branch.code for line in lines)
    }  # fmt: skip
    counted = None if not count and narrowed.knows_nothing({}) else count
    total = Line(str(question.unit), "", "", rates.to_currency or question.house.currency, {"count": counted})
    figure = Figure(name, question, columns, lines, total, narrowed.marks, sorted(missing), count)
    return figure.asked_as(first=first, last=last)


async def narrowing(question: Question, branches: Directory) -> tuple[str, dict[str, object], Directory]:
    """SQL condition, parameters and branches of the question's unit."""
    unit = question.unit
    if unit.kind in ("company", "region"):
        if scope_of(question, branches.codes) is None:
            return "", {}, branches
        return " AND c.branch IN :codes", {"codes": sorted(branches.codes)}, branches
    place = await place_of(unit, branches)
    only = branches.narrowed(frozenset({place.branch.code}))
    where = " AND c.branch = :code"
    params: dict[str, object] = {"code": place.branch.code}
    column = {"department": "department_id", "employee": "owner_id", "customer": "id"}.get(unit.kind)
    if column:
        return f"{where} AND c.{column} = :unit_key", {**params, "unit_key": unit.key}, only
    return f"{where} AND c.owner_id IS NULL" if unit.kind == "unassigned" else where, params, only


async def count_of(
    question: Question,
    branches: Directory,
    measure: str,
    day: str,
    first: date,
    last: date,
    where: str,
    params: Mapping[str, object],
) -> int:
    """How many there are: from the rollup for company and branches, from the rows below."""
    if question.unit.kind in ("company", "region", "branch"):
        scope = scope_of(question, branches.codes)
        sums = await memo.by_branch(
            branches,
            lambda _today: [Want("number", measure, first, last, "n")],
            branches.date_groups(first),
            scope,
        )
        return sum(int(row["number"] or 0) for row in sums.values())
    rows = await fetch_all(
        "SELECT COUNT(*) AS number FROM customer c WHERE c.deleted_at IS NULL AND c.merged_into_id IS NULL "
        f"AND c.{day} >= :first AND c.{day} <= :last{where}",
        first=first,
        last=last,
        **params,
    )
    return int(rows[0]["number"])


async def first_orders(ids: Sequence[str]) -> dict[str, int]:
    """What was ordered on the day of signing, in the branch's base currency, by customer."""
    if not ids:
        return {}
    rows = await fetch_all(
        "SELECT o.customer_id, CAST(SUM(o.base_minor) AS BIGINT) AS base FROM sales_order o "
        "JOIN customer c ON c.id = o.customer_id AND c.signed_on = o.approved_on "
        "WHERE o.customer_id IN :ids AND o.deleted_at IS NULL "
        "AND o.status IN ('approved', 'executing', 'completed', 'cancelled') GROUP BY o.customer_id",
        ids=list(ids),
    )
    return {str(row["customer_id"]): int(row["base"]) for row in rows}


def customer_line(
    row: Mapping[str, Any],
    branches: Directory,
    owners: Mapping[str, str],
    amounts: Mapping[str, int],
    rates: Conversion,
) -> Line:
    """One customer."""
    branch = branches.get(str(row["branch"]))
    currency = branch.currency if branch else ""
    rate = rates.rate(currency)
    base = amounts.get(str(row["id"]))
    values: dict[str, Value] = {
        "code": str(row["code"]),
        "acquired_on": as_date(row["acquired_on"]),
        "signed_on": as_date(row["signed_on"]),
        "owner": owners[str(row["owner_id"] or "")],
        "status": str(row["status"]),
        "group": str(row["customer_group"]),
        "region": str(row["region"]),
        "branch_name": branch.name if branch else str(row["branch"]),
    }
    if amounts or base is not None:
        values["amount"] = None if base is None else base if rate is None else rate.of(base)
    shown = currency if rate is None else rates.to_currency or currency
    state = branch.mark.state if branch else "never"
    return Line(f"customer:{row['id']}", str(row["name"]), str(row["branch"]), shown, values, state)


def as_date(value: Any) -> date | None:
    """A date column of either engine."""
    return date.fromisoformat(value) if isinstance(value, str) else value


NEWS = """SELECT 'news' AS kind, n.id, :company AS branch, n.title, n.source, n.link, n.summary AS text, n.happened_on,
'' AS competitor FROM news_item n
WHERE n.deleted_at IS NULL AND n.selected AND n.happened_on >= :first AND n.happened_on <= :last
UNION ALL SELECT i.kind, i.id, i.branch, i.title, i.source, '', i.text, i.happened_on, i.competitor FROM intel_note i
WHERE i.deleted_at IS NULL AND i.happened_on >= :first AND i.happened_on <= :last{where}
ORDER BY happened_on DESC, id DESC LIMIT :row_limit OFFSET :row_offset"""


async def news(question: Question) -> Figure:
    """Industry news selected at headquarters, and what the branches noted about trade and competitors (default: this
    month). A unit below the company leaves out what headquarters entered."""
    branches = await directory(question)
    first, last = month_of(question)
    where, params, narrowed = await narrowing(question, branches)
    where = where.replace("c.", "i.")
    sql = NEWS.format(where=where)
    if question.unit.kind not in ("company", "region"):
        sql = sql.replace("n.deleted_at IS NULL", "1 = 0")
    bounds = {"first": first, "last": last, "company": COMPANY}
    rows = await fetch_all(sql, **bounds, row_limit=question.limit, row_offset=question.offset, **params)
    body = sql[: sql.index("ORDER BY")]
    counted = await fetch_all(f"SELECT COUNT(*) AS number FROM ({body}) AS found", **bounds, **params)
    count = int(counted[0]["number"])
    lines = [news_line(row, narrowed) for row in rows]
    missing: list[MissingRate] = []
    total = Line(str(question.unit), "", "", question.house.currency, {"count": count})
    figure = Figure("news", question, NEWS_COLUMNS, lines, total, narrowed.marks, missing, count)
    return figure.asked_as(first=first, last=last)


def news_line(row: Mapping[str, Any], branches: Directory) -> Line:
    """One item."""
    branch = branches.get(str(row["branch"]))
    link = str(row["link"] or "")
    values: dict[str, Value] = {
        "happened_on": as_date(row["happened_on"]),
        "kind": str(row["kind"]),
        "source": str(row["source"]),
        "link": link if link.startswith(("http://", "https://")) else "",
        "text": str(row["text"]),
        "competitor": str(row["competitor"]),
        "branch_name": branch.name if branch else "",
    }
    state = branch.mark.state if branch else "current"
    code = "" if row["branch"] == COMPANY else str(row["branch"])
    return Line(f"{row['kind']}:{row['id']}", str(row["title"]), code, "", values, state)
