"""One person's day: plan items with what proves them, and contacts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from hq.figures import memo
from shared.canonical import from_micros
from shared.database import fetch_all, fetch_one


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


CALENDAR_DAYS = 30
CALENDAR_SECONDS = 20.0


@dataclass(frozen=True)
class CalendarDay:
    """What one person did on one day, in numbers: items planned and done, follow-ups, whether a plan was submitted."""

    day: date
    is_submitted: bool = False
    planned: int = 0
    done: int = 0
    followups: int = 0
    orders: int = 0
    customers: int = 0

    @property
    def state(self) -> str:
        """ok: a plan and something done; busy: something entered without a plan, or a plan with nothing done; unknown:
        nothing at all."""
        did = bool(self.done or self.followups or self.orders or self.customers)
        if self.is_submitted and did:
            return "ok"
        return "busy" if did or self.is_submitted or self.planned else "unknown"


CALENDAR = """SELECT employee, period, CAST(SUM(CASE WHEN measure = 'plans' AND dim IN ('submitted', 'closed') THEN n ELSE 0 END) AS BIGINT) AS plans,
CAST(SUM(CASE WHEN measure = 'plan_items' THEN n ELSE 0 END) AS BIGINT) AS planned,
CAST(SUM(CASE WHEN measure = 'plan_items' AND dim = 'done' THEN n ELSE 0 END) AS BIGINT) AS done,
CAST(SUM(CASE WHEN measure = 'activities' THEN n ELSE 0 END) AS BIGINT) AS followups,
CAST(SUM(CASE WHEN measure = 'ordered' THEN n ELSE 0 END) AS BIGINT) AS orders,
CAST(SUM(CASE WHEN measure = 'customers_new' THEN n ELSE 0 END) AS BIGINT) AS customers
FROM figure_cell WHERE tier = 'pd' AND measure IN ('plans', 'plan_items', 'activities', 'ordered', 'customers_new')
AND period IN :periods AND branch = :branch GROUP BY employee, period"""


async def calendars(branch: str, last: date) -> dict[str, list[CalendarDay]]:
    """The last thirty days up to `last` of everybody in a branch who entered anything, by employee. One statement."""
    days = [last - timedelta(days=number) for number in range(CALENDAR_DAYS - 1, -1, -1)]
    periods = [day.isoformat() for day in days]
    rows = await memo.kept(
        ("calendar", branch, last),
        CALENDAR_SECONDS,
        lambda: fetch_all(CALENDAR, branch=branch, periods=periods),
    )
    found: dict[str, dict[str, CalendarDay]] = {}
    for row in rows:
        day = CalendarDay(
            date.fromisoformat(str(row["period"])), int(row["plans"]) > 0, int(row["planned"]), int(row["done"]),
            int(row["followups"]), int(row["orders"]), int(row["customers"]),
        )  # fmt: skip
        found.setdefault(str(row["employee"]), {})[str(row["period"])] = day
    return {
        employee: [held.get(day.isoformat(), CalendarDay(day)) for day in days]
        for employee, held in found.items()
    }


def no_days(last: date) -> list[CalendarDay]:
    """The same thirty days of somebody who entered nothing."""
    return [CalendarDay(last - timedelta(days=number)) for number in range(CALENDAR_DAYS - 1, -1, -1)]
