"""Who owes most, who is above the sales limit, and who has promised to pay: customers across all branches.

Read from the instalments as they stand (every entry that is here, also those of later days) and kept for some minutes, since
no rollup has a cell per customer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from hq.figures import memo
from hq.figures.cells import DateGroup
from hq.figures.freshness import Directory
from hq.figures.lists import as_date
from hq.figures.rules import Conversion
from hq.figures.shape import Question
from hq.figures.units import scope_of
from shared.database import fetch_all
from shared.money import Money
from shared.web.keyset import Cut, Paging, Sort

MOST = 100
KEPT_SECONDS = 300.0
REST = "r.base_minor - r.received_base_minor - r.credited_base_minor - r.written_off_base_minor"
OPEN = """r.cancelled_on IS NULL AND r.deleted_at IS NULL
AND r.amount_minor > r.received_minor + r.credited_minor + r.written_off_minor"""

DEBTORS = """SELECT d.branch, d.customer_id, d.owed, d.overdue, d.oldest, c.name, c.credit_limit_minor, c.credit_hold,
COALESCE(e.name, '') AS owner FROM (SELECT r.branch, r.customer_id, CAST(SUM({rest}) AS BIGINT) AS owed,
CAST(SUM(CASE WHEN r.due_on < :today THEN {rest} ELSE 0 END) AS BIGINT) AS overdue,
MIN(CASE WHEN r.due_on < :today THEN r.due_on END) AS oldest,
ROW_NUMBER() OVER (PARTITION BY r.branch ORDER BY SUM({rest}) DESC, r.customer_id) AS place
FROM receivable r WHERE {open}{where} GROUP BY r.branch, r.customer_id) AS d
JOIN customer c ON c.id = d.customer_id LEFT JOIN employee e ON e.id = c.owner_id WHERE {keep}"""
TOP = "d.place <= :most"
ABOVE = "((c.credit_limit_minor IS NOT NULL AND d.owed > c.credit_limit_minor) OR c.credit_hold)"


@dataclass(frozen=True)
class Debtor:
    """A customer who owes: amounts in the reader's currency, the branch's own where its rate is missing; `limit` is the
    sales limit, None for none."""

    id: str
    name: str
    branch: str
    owner: str
    owed: Money
    overdue: Money
    days: int
    limit: Money | None
    is_held: bool

    @property
    def above(self) -> Money | None:
        """How far above the limit; None without one or below it."""
        if self.limit is None or self.owed.minor <= self.limit.minor:
            return None
        return Money(self.owed.minor - self.limit.minor, self.owed.currency)


async def debtors(
    question: Question, branches: Directory, rates: Conversion, *, above_limit: bool
) -> list[Debtor]:
    """The hundred customers who owe most, or those above their sales limit (or held), the largest first."""
    scope = scope_of(question, branches.codes)
    groups = branches.date_groups()
    rows = await memo.kept(
        ("debtors", scope, tuple(groups), above_limit),
        KEPT_SECONDS,
        lambda: read_debtors(groups, scope, above_limit),
    )
    found = [debtor_of(row, today, branches, rates) for row, today in rows]
    if above_limit:
        found.sort(key=lambda one: -(one.above.minor if one.above else 0))
    else:
        found.sort(key=lambda one: -one.owed.minor)
    return found[:MOST]


async def read_debtors(
    groups: Sequence[DateGroup], scope: frozenset[str] | None, above_limit: bool
) -> list[tuple[Mapping[str, Any], date]]:
    """The customers by branches of the same date; at most a hundred of each branch. One statement for each date."""
    found: list[tuple[Mapping[str, Any], date]] = []
    for group in groups:
        where, params = "", dict[str, Any](today=group.today, most=MOST)
        if scope is not None:
            where, params["codes"] = " AND r.branch IN :codes", sorted(scope)
        if group.timezones is not None:
            where += " AND r.branch IN (SELECT branch FROM branch WHERE timezone IN :zones)"
            params["zones"] = sorted(group.timezones)
        sql = DEBTORS.format(rest=REST, open=OPEN, where=where, keep=ABOVE if above_limit else TOP)
        found += [(row, group.today) for row in await fetch_all(sql, **params)]
    return found


def debtor_of(row: Mapping[str, Any], today: date, branches: Directory, rates: Conversion) -> Debtor:
    """A row with its amounts converted; one without a rate keeps its branch's currency."""
    branch = branches.get(str(row["branch"]))
    currency = branch.currency if branch else ""
    rate = rates.rate(currency)
    shown = (rates.to_currency or currency) if rate is not None else currency

    def money(minor: Any) -> Money:
        return Money(rate.of(int(minor)) if rate is not None else int(minor), shown)

    oldest, limit = as_date(row["oldest"]), row["credit_limit_minor"]
    return Debtor(
        str(row["customer_id"]), str(row["name"]), branch.name if branch else str(row["branch"]), str(row["owner"]),
        money(row["owed"]), money(row["overdue"]), (today - oldest).days if oldest else 0,
        None if limit is None else money(limit), bool(row["credit_hold"]),
    )  # fmt: skip


PROMISES = """SELECT p.id, p.branch, p.customer_id, p.receivable_id, p.happened_on, p.promised_on, p.currency,
p.amount_minor, p.status, p.promised_on AS sort_value, COALESCE(c.name, '') AS customer, COALESCE(o.number, '') AS number,
r.position, r.amount_minor - r.received_minor - r.credited_minor - r.written_off_minor AS rest
FROM promise_to_pay p LEFT JOIN customer c ON c.id = p.customer_id LEFT JOIN receivable r ON r.id = p.receivable_id
LEFT JOIN sales_order o ON o.id = r.order_id WHERE p.status = :status AND p.deleted_at IS NULL{where} AND {page} {order}"""
PROMISE_SORTS = {"day": Sort("p.promised_on", date)}
PROMISE_STATES = ("open", "broken", "kept")


async def promises(question: Question, branches: Directory, status: str, paging: Paging) -> Cut[Any]:
    """A page of the customers' words: open ones by their day, others newest first."""
    scope = scope_of(question, branches.codes)
    page_where, order, params = paging.sql("p.id")
    where = " AND p.branch IN :codes" if scope is not None else ""
    sql = PROMISES.format(where=where, page=page_where, order=order)
    return paging.cut(await fetch_all(sql, status=status, codes=sorted(scope or ()), **params))


async def promises_of(receivable_id: str) -> list[tuple[date | None, date | None, Money, str]]:
    """(given on, promised for, amount, state) of one instalment, oldest first."""
    rows = await fetch_all(
        "SELECT happened_on, promised_on, amount_minor, currency, status FROM promise_to_pay "
        "WHERE receivable_id = :id AND deleted_at IS NULL ORDER BY happened_on, id",
        id=receivable_id,
    )
    return [
        (as_date(row["happened_on"]), as_date(row["promised_on"]), Money(int(row["amount_minor"]), str(row["currency"])), str(row["status"]))
        for row in rows
    ]  # fmt: skip
