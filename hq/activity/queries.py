"""One person's day: plan items with what proves them, and contacts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from shared.database import fetch_all, fetch_one
from shared.database.fields import from_micros


@dataclass(frozen=True)
class DayItem:
    """A line of the plan: time, what, state, how often carried over, and the record behind it."""

    at_time: str
    text: str
    kind: str
    status: str
    carried_count: int
    customer: str
    proof: str
    result: str


@dataclass(frozen=True)
class DayContact:
    """A contact with a customer on that day."""

    kind: str
    customer: str
    subject: str
    outcome: str


@dataclass(frozen=True)
class PersonDay:
    """The whole day. `submitted_at` None: no plan was submitted."""

    name: str
    branch: str
    day: date
    submitted_at: datetime | None
    items: Sequence[DayItem]
    contacts: Sequence[DayContact]


async def person_day(employee_id: str, day: date) -> PersonDay | None:
    """What one employee planned and did on a day; None when there is no such employee. Four statements."""
    person = await fetch_one(
        "SELECT branch, name FROM employee WHERE id = :id AND deleted_at IS NULL", id=employee_id
    )
    if person is None:
        return None
    plan = await fetch_one(
        "SELECT submitted_at FROM daily_plan WHERE employee_id = :id AND happened_on = :day AND deleted_at IS NULL",
        id=employee_id,
        day=day,
    )
    items = await fetch_all(
        "SELECT i.at_time, i.text, i.kind, i.status, i.carried_count, i.proof_kind, i.result, "
        "COALESCE(c.name, '') AS customer FROM plan_item i LEFT JOIN customer c ON c.id = i.customer_id "
        "WHERE i.employee_id = :id AND i.happened_on = :day AND i.deleted_at IS NULL ORDER BY i.position, i.id",
        id=employee_id,
        day=day,
    )
    contacts = await fetch_all(
        "SELECT a.kind, a.subject, a.outcome, COALESCE(c.name, '') AS customer FROM activity a "
        "LEFT JOIN customer c ON c.id = a.customer_id WHERE a.owner_id = :id AND a.happened_on = :day "
        "AND a.status = 'done' AND a.deleted_at IS NULL ORDER BY a.id",
        id=employee_id,
        day=day,
    )
    submitted = plan["submitted_at"] if plan else None
    submitted_at = from_micros(int(submitted)) if submitted else None
    return PersonDay(
        str(person["name"]), str(person["branch"]), day, submitted_at, [day_item(row) for row in items], [
            DayContact(str(row["kind"]), str(row["customer"]), str(row["subject"]), str(row["outcome"])) for row in contacts
        ],
    )  # fmt: skip


def day_item(row: Mapping[str, Any]) -> DayItem:
    """One line of the plan."""
    return DayItem(
        at_time=str(row["at_time"]),
        text=str(row["text"]),
        kind=str(row["kind"]),
        status=str(row["status"]),
        carried_count=int(row["carried_count"]),
        customer=str(row["customer"]),
        proof=str(row["proof_kind"]),
        result=str(row["result"]),
    )
