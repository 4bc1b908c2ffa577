"""Reads of the team: everybody's day, and how far plans and tasks of a period got."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from branch_node.home import home, today
from branch_node.lists import as_kind
from branch_node.plans.rules import Tally
from shared.canonical import from_micros
from shared.database import fetch_all
from shared.database.scope import reach_sql
from shared.periods import Period
from shared.permissions import Person, reach


@dataclass(frozen=True)
class TeamRow:
    """One employee's day."""

    id: UUID
    name: str
    position: str
    status: str
    submitted_at: datetime | None
    planned: int
    done: int
    carried_over: int
    cancelled: int
    open: int
    additions: int
    followups: int
    oldest_carry: int

    @property
    def tally(self) -> Tally:
        return Tally(self.planned, self.done, self.carried_over, self.cancelled, self.open, self.additions)


TEAM_SQL = """
SELECT e.id, e.name, e.position, p.status, p.submitted_at,
  coalesce(i.planned, 0) AS planned, coalesce(i.done, 0) AS done, coalesce(i.carried, 0) AS carried,
  coalesce(i.cancelled, 0) AS cancelled, coalesce(i.open, 0) AS open, coalesce(i.additions, 0) AS additions,
  coalesce(i.oldest, 0) AS oldest, coalesce(a.n, 0) AS followups
FROM employee e
LEFT JOIN daily_plan p ON p.employee_id = e.id AND p.happened_on = :day AND p.deleted_at IS NULL
LEFT JOIN (SELECT employee_id,
    sum(CASE WHEN is_addition = :no THEN 1 ELSE 0 END) AS planned,
    sum(CASE WHEN is_addition = :no AND status = 'done' THEN 1 ELSE 0 END) AS done,
    sum(CASE WHEN is_addition = :no AND status = 'carried_over' THEN 1 ELSE 0 END) AS carried,
    sum(CASE WHEN is_addition = :no AND status = 'cancelled' THEN 1 ELSE 0 END) AS cancelled,
    sum(CASE WHEN is_addition = :no AND status = 'planned' THEN 1 ELSE 0 END) AS open,
    sum(CASE WHEN is_addition = :yes THEN 1 ELSE 0 END) AS additions, max(carried_count) AS oldest
  FROM plan_item WHERE branch = :branch AND happened_on = :day AND deleted_at IS NULL GROUP BY employee_id
  ) i ON i.employee_id = e.id
LEFT JOIN (SELECT owner_id, count(*) AS n FROM activity WHERE branch = :branch AND happened_on = :day
  AND status = 'done' AND deleted_at IS NULL GROUP BY owner_id) a ON a.owner_id = e.id
WHERE e.branch = :branch AND e.active = :yes AND e.deleted_at IS NULL AND {reach}
ORDER BY CASE WHEN p.status IS NULL OR p.status = 'draft' THEN 0 ELSE 1 END, coalesce(i.open, 0) DESC, e.search_key, e.id
LIMIT 500
"""


async def team_on(person: Person, day: date) -> list[TeamRow]:
    """The day of every active employee within reach of plan.view, whoever has no plan first, then the most open."""
    condition, params = reach_sql(reach(person, "plan.view"), "e.id", "e.department_id")
    rows = await fetch_all(
        TEAM_SQL.format(reach=condition), day=day, branch=home().code, yes=True, no=False, **params
    )
    return [
        TeamRow(
            id=as_kind(row["id"], UUID), name=row["name"], position=row["position"], status=row["status"] or "none",
            submitted_at=from_micros(row["submitted_at"]) if row["submitted_at"] else None,
            planned=int(row["planned"]), done=int(row["done"]), carried_over=int(row["carried"]),
            cancelled=int(row["cancelled"]), open=int(row["open"]), additions=int(row["additions"]),
            followups=int(row["followups"]), oldest_carry=int(row["oldest"]),
        )
        for row in rows
    ]  # fmt: skip


# --- a period ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Progress:
    """What became of an employee's plans and tasks in a period. `days` had a plan; `tasks_late` are open tasks whose
    day has passed. `followups` are contacts that were made."""

    id: UUID
    name: str
    department: str
    days: int
    tally: Tally
    carried_most: int
    followups: int
    tasks_open: int
    tasks_late: int
    tasks_done: int


PROGRESS_SQL = """
SELECT e.id, e.name, d.name AS department, coalesce(p.days, 0) AS days,
  coalesce(i.planned, 0) AS planned, coalesce(i.done, 0) AS done, coalesce(i.carried, 0) AS carried,
  coalesce(i.cancelled, 0) AS cancelled, coalesce(i.open, 0) AS open, coalesce(i.additions, 0) AS additions,
  coalesce(i.most, 0) AS most, coalesce(a.n, 0) AS followups,
  coalesce(t.open, 0) AS tasks_open, coalesce(t.late, 0) AS tasks_late, coalesce(t.done, 0) AS tasks_done
FROM employee e LEFT JOIN department d ON d.id = e.department_id
LEFT JOIN (SELECT employee_id, count(*) AS days FROM daily_plan WHERE branch = :branch
  AND happened_on BETWEEN :first AND :last AND deleted_at IS NULL GROUP BY employee_id) p ON p.employee_id = e.id
LEFT JOIN (SELECT employee_id,
    sum(CASE WHEN is_addition = :no THEN 1 ELSE 0 END) AS planned,
    sum(CASE WHEN is_addition = :no AND status = 'done' THEN 1 ELSE 0 END) AS done,
    sum(CASE WHEN is_addition = :no AND status = 'carried_over' THEN 1 ELSE 0 END) AS carried,
    sum(CASE WHEN is_addition = :no AND status = 'cancelled' THEN 1 ELSE 0 END) AS cancelled,
    sum(CASE WHEN is_addition = :no AND status = 'planned' THEN 1 ELSE 0 END) AS open,
    sum(CASE WHEN is_addition = :yes THEN 1 ELSE 0 END) AS additions, max(carried_count) AS most
  FROM plan_item WHERE branch = :branch AND happened_on BETWEEN :first AND :last AND deleted_at IS NULL
  GROUP BY employee_id) i ON i.employee_id = e.id
LEFT JOIN (SELECT owner_id, count(*) AS n FROM activity WHERE branch = :branch
  AND happened_on BETWEEN :first AND :last AND status = 'done' AND deleted_at IS NULL GROUP BY owner_id) a
  ON a.owner_id = e.id
LEFT JOIN (SELECT employee_id,
    sum(CASE WHEN status IN ('open', 'accepted') THEN 1 ELSE 0 END) AS open,
    sum(CASE WHEN status IN ('open', 'accepted') AND due_on < :today THEN 1 ELSE 0 END) AS late,
    sum(CASE WHEN status = 'done' AND done_at >= :from_at AND done_at < :to_at THEN 1 ELSE 0 END) AS done
  FROM task WHERE branch = :branch AND deleted_at IS NULL GROUP BY employee_id) t ON t.employee_id = e.id
WHERE e.branch = :branch AND e.deleted_at IS NULL AND (e.active = :yes OR i.planned > 0) AND {reach}
ORDER BY d.name IS NULL, d.name, e.search_key, e.id
LIMIT 500
"""


async def progress_of(person: Person, period: Period) -> list[Progress]:
    """Plans, follow-ups and tasks of everybody within reach of plan.view, by department and name. One query."""
    condition, params = reach_sql(reach(person, "plan.view"), "e.id", "e.department_id")
    from_at, to_at = period.instants(home().timezone)
    rows = await fetch_all(
        PROGRESS_SQL.format(reach=condition), branch=home().code, first=period.first, last=period.last, today=today(),
        from_at=from_at, to_at=to_at, yes=True, no=False, **params,
    )  # fmt: skip
    return [_progress(row) for row in rows]


def _progress(row: Mapping[str, Any]) -> Progress:
    return Progress(
        id=as_kind(row["id"], UUID), name=row["name"], department=row["department"] or "", days=int(row["days"]),
        tally=Tally(
            int(row["planned"]), int(row["done"]), int(row["carried"]), int(row["cancelled"]), int(row["open"]),
            int(row["additions"]),
        ),
        carried_most=int(row["most"]), followups=int(row["followups"]), tasks_open=int(row["tasks_open"]),
        tasks_late=int(row["tasks_late"]), tasks_done=int(row["tasks_done"]),
    )  # fmt: skip
