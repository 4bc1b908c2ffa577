"""Reads of dunning: levels, what would be sent today, what was sent, promises. Set-based, both engines."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from branch_node.dunning.rules import Case, Level, held_back, level_due
from branch_node.home import home, today
from branch_node.lists import as_kind
from shared.canonical import from_micros
from shared.database import fetch_all
from shared.database.scope import reach_sql
from shared.money import Money
from shared.permissions import Person, reach
from shared.records import DunningLevel, PromiseToPay

AT_MOST = 500
PIECE = 200


@dataclass(frozen=True)
class Debtor:
    """An instalment that may be reminded of: what dunning decides on, and whom a notice would reach."""

    id: UUID
    order_id: UUID
    customer_id: UUID
    customer: str
    country: str
    address: str
    contact: str
    owner_id: UUID | None
    order_number: str
    position: int
    remaining: Money
    case: Case

    @property
    def label(self) -> str:
        return f"{self.order_number}/{self.position}"


@dataclass(frozen=True)
class Proposal:
    """What would be sent today: a level, or why nothing (`held` is disputed, promised, settled; else it was sent)."""

    debtor: Debtor
    level: int | None
    held: str
    days_late: int


DEBTORS_SQL = """
SELECT r.id, r.order_id, r.customer_id, c.name AS customer, c.country, r.owner_id, o.number, r.position, r.due_on,
  r.currency, r.amount_minor - r.received_minor - r.credited_minor - r.written_off_minor AS remaining, r.disputed_at,
  (SELECT MAX(p.promised_on) FROM promise_to_pay p WHERE p.receivable_id = r.id AND p.status = 'open'
    AND p.deleted_at IS NULL) AS promised_on,
  (SELECT MAX(n.level) FROM dunning_notice n WHERE n.receivable_id = r.id AND n.status <> 'dropped'
    AND n.deleted_at IS NULL) AS last_level,
  COALESCE((SELECT MIN(x.value) FROM contact_point x JOIN contact k ON k.id = x.contact_id AND k.is_main = :yes
    AND k.deleted_at IS NULL WHERE x.customer_id = r.customer_id AND x.kind = 'email' AND x.deleted_at IS NULL),
    c.email) AS address,
  (SELECT MIN(k.name) FROM contact k WHERE k.customer_id = r.customer_id AND k.is_main = :yes
    AND k.deleted_at IS NULL) AS contact
FROM receivable r JOIN customer c ON c.id = r.customer_id JOIN sales_order o ON o.id = r.order_id
WHERE r.branch = :branch AND r.deleted_at IS NULL AND r.cancelled_on IS NULL
  AND r.received_minor + r.credited_minor + r.written_off_minor < r.amount_minor AND {where}
ORDER BY r.due_on, r.id LIMIT {limit}"""


async def debtors(where: str, limit: int = AT_MOST, **params: Any) -> list[Debtor]:
    """Open instalments with what dunning needs, oldest due first. One query."""
    rows = await fetch_all(
        DEBTORS_SQL.format(where=where, limit=limit), branch=home().code, yes=True, **params
    )
    return [_debtor(row) for row in rows]


async def each_debtor(where: str, **params: Any) -> AsyncIterator[Debtor]:
    """All of them, read a piece at a time: there may be tens of thousands. What is done about one does not change which follow."""
    day, row_id = date(1000, 1, 1), UUID(int=0)
    later = "(r.due_on, r.id) > (:after_day, :after_id)"
    while True:
        piece = await debtors(f"{where} AND {later}", PIECE, after_day=day, after_id=row_id, **params)
        for debtor in piece:
            yield debtor
        if len(piece) < PIECE:
            return
        day, row_id = piece[-1].case.due_on, piece[-1].id


def _debtor(row: Mapping[str, Any]) -> Debtor:
    case = Case(
        as_kind(row["due_on"], date),
        int(row["remaining"]),
        row["disputed_at"] is not None,
        as_kind(row["promised_on"], date),
        None if row["last_level"] is None else int(row["last_level"]),
    )
    return Debtor(
        as_kind(row["id"], UUID),
        as_kind(row["order_id"], UUID),
        as_kind(row["customer_id"], UUID),
        row["customer"],
        row["country"],
        row["address"] or "",
        row["contact"] or "",
        as_kind(row["owner_id"], UUID),
        row["number"],
        int(row["position"]),
        Money(int(row["remaining"]), row["currency"]),
        case,
    )


async def levels() -> list[DunningLevel]:
    """The active levels of this branch, lowest first."""
    return await DunningLevel.filter(branch=home().code, active=True, deleted_at=None).order_by("level")


def steps_of(rows: Sequence[DunningLevel]) -> list[Level]:
    """Levels as the rules take them."""
    return [Level(row.level, row.days_past_due) for row in rows]


async def proposals(person: Person, *, only_due: bool = True) -> list[Proposal]:
    """What would be sent today within a person's reach, most overdue first; with `only_due` False also what is held."""
    scope, params = reach_sql(reach(person, "receivable.edit"), "r.owner_id", "r.department_id", "r.branch")
    steps = steps_of(await levels())
    if not steps:
        return []
    until = today() - timedelta(days=min(one.days_past_due for one in steps))
    found = []
    for debtor in await debtors(f"{scope} AND r.due_on <= :until", until=until, **params):
        due = level_due(debtor.case, steps, today())
        if due is not None or not only_due:
            late = max((today() - debtor.case.due_on).days, 0)
            held = held_back(debtor.case, today())
            found.append(Proposal(debtor, due.level if due else None, held, late))
    return found


@dataclass(frozen=True)
class NoticeRow:
    """A notice that was sent, waits, failed or was dropped."""

    id: UUID
    level: int
    happened_on: date
    remaining: Money
    status: str
    channel: str
    sent_at: datetime | None
    label: str
    receivable_id: UUID
    customer: str


NOTICES_SQL = """
SELECT n.id, n.level, n.happened_on, n.remaining_minor, n.currency, n.status, n.channel, n.sent_at, n.receivable_id,
  o.number, r.position, c.name AS customer
FROM dunning_notice n JOIN receivable r ON r.id = n.receivable_id JOIN sales_order o ON o.id = r.order_id
JOIN customer c ON c.id = n.customer_id
WHERE n.branch = :branch AND n.deleted_at IS NULL AND {where}
ORDER BY n.happened_on DESC, n.id DESC LIMIT 100"""


async def notices_of(receivable_id: UUID) -> list[NoticeRow]:
    """The notices of an instalment, newest first."""
    rows = await fetch_all(
        NOTICES_SQL.format(where="n.receivable_id = :id"), branch=home().code, id=receivable_id
    )
    return [_notice(row) for row in rows]


async def latest_notices(person: Person) -> list[NoticeRow]:
    """The latest hundred notices within reach."""
    scope, params = reach_sql(reach(person, "receivable.view"), "r.owner_id", "r.department_id", "r.branch")
    rows = await fetch_all(NOTICES_SQL.format(where=scope), branch=home().code, **params)
    return [_notice(row) for row in rows]


def _notice(row: Mapping[str, Any]) -> NoticeRow:
    return NoticeRow(
        as_kind(row["id"], UUID),
        int(row["level"]),
        as_kind(row["happened_on"], date),
        Money(int(row["remaining_minor"]), row["currency"]),
        row["status"],
        row["channel"],
        None if row["sent_at"] is None else from_micros(int(row["sent_at"])),
        f"{row['number']}/{row['position']}",
        as_kind(row["receivable_id"], UUID),
        row["customer"],
    )


async def promises_of(receivable_id: UUID) -> list[PromiseToPay]:
    """What was promised for an instalment, newest first."""
    return await PromiseToPay.filter(receivable_id=receivable_id, deleted_at=None).order_by(
        "-happened_on", "-id"
    )
