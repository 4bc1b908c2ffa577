"""What stands in the way of closing a month, and what is worth knowing before: one read for the page and the action."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from branch_node.home import home
from branch_node.lists import as_kind
from shared.database import fetch_all
from shared.money import Money
from shared.records import FiscalPeriod

NAMED_AT_MOST = 20


@dataclass(frozen=True)
class Document:
    """A document dated in the period."""

    id: UUID
    number: str
    amount: Money
    day: date
    who: str


@dataclass(frozen=True)
class Pending:
    """What of a period is unfinished: `submitted` expenses block its close; drafts and money that pays nothing yet do
    not, but say something. At most 21 of each are read."""

    submitted: Sequence[Document]
    drafts: Sequence[Document]
    unallocated: Sequence[Document]
    earlier_open: Sequence[str]


EXPENSES_SQL = """
SELECT x.id, x.number, x.amount_minor AS minor, x.currency, x.happened_on, e.name AS who
FROM expense x LEFT JOIN employee e ON e.id = x.owner_id
WHERE x.branch = :branch AND x.deleted_at IS NULL AND x.status = :status AND x.happened_on >= :first
  AND x.happened_on < :after ORDER BY x.number LIMIT {limit}"""
RECEIPTS_SQL = """
SELECT r.id, r.number, r.amount_minor - r.allocated_minor AS minor, r.currency, r.happened_on, c.name AS who
FROM receipt r LEFT JOIN customer c ON c.id = r.customer_id
WHERE r.branch = :branch AND r.deleted_at IS NULL AND r.status = 'posted' AND r.allocated_minor < r.amount_minor
  AND r.happened_on >= :first AND r.happened_on < :after ORDER BY r.number LIMIT {limit}"""


async def pending(period: FiscalPeriod) -> Pending:
    """What is unfinished in a period of this branch. Four queries."""
    return Pending(
        await _documents(EXPENSES_SQL, period, status="submitted"),
        await _documents(EXPENSES_SQL, period, status="draft"),
        await _documents(RECEIPTS_SQL, period),
        [row.code for row in await earlier_open(period)],
    )


async def submitted_in(period: FiscalPeriod) -> list[Document]:
    """Expenses of the period that wait for a decision: they refuse its close."""
    return await _documents(EXPENSES_SQL, period, status="submitted")


async def earlier_open(period: FiscalPeriod) -> list[FiscalPeriod]:
    """Periods before this one that are still open."""
    rows = FiscalPeriod.filter(
        branch=home().code, after_on__lte=period.first_on, closed_at=None, deleted_at=None
    )
    return await rows.order_by("first_on")


async def _documents(sql: str, period: FiscalPeriod, **params: object) -> list[Document]:
    rows = await fetch_all(
        sql.format(limit=NAMED_AT_MOST + 1),
        branch=home().code,
        first=period.first_on,
        after=period.after_on,
        **params,
    )
    return [
        Document(
            as_kind(row["id"], UUID),
            row["number"],
            Money(int(row["minor"]), row["currency"]),
            as_kind(row["happened_on"], date),
            row["who"] or "",
        )
        for row in rows
    ]
