"""Reads of tasks: one with its right, the lists."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from branch_node.home import home
from branch_node.lists import Cut, Paging, Sort, as_kind
from shared.database import fetch_all
from shared.database.scope import reach_sql
from shared.errors import NotFound
from shared.permissions import Person, reach
from shared.records import Task

SORTS: Mapping[str, Sort] = {
    "due": Sort("coalesce(t.due_on, :latest)", date),
    "given": Sort("t.recorded_at", int),
}
VIEWS = ("mine", "given", "team", "finished")


def default_sort(view: str) -> str:
    """What is due first; what was given last among the finished."""
    return "due" if view != "finished" else "-given"


async def task_for(person: Person, task_id: UUID) -> Task:
    """The task if the person got it, gave it or may see it; NotFound otherwise."""
    found = await Task.get_or_none(id=task_id, branch=home().code, deleted_at=None)
    if found is None:
        raise NotFound()
    if person.id not in (found.employee_id, found.assigned_by) and not reach(person, "task.view").covers(
        owner=found.employee_id, department=found.department_id
    ):
        raise NotFound()
    return found


@dataclass(frozen=True)
class TaskRow:
    """A line of the list."""

    id: UUID
    title: str
    status: str
    employee: str
    by: str
    customer_id: UUID | None
    customer: str
    due_on: date | None


LIST_SQL = """
SELECT t.id, t.title, t.status, t.due_on, t.customer_id, c.name AS customer, e.name AS employee, b.name AS giver,
  {sort} AS sort_value
FROM task t LEFT JOIN customer c ON c.id = t.customer_id LEFT JOIN employee e ON e.id = t.employee_id
LEFT JOIN employee b ON b.id = t.assigned_by
WHERE t.branch = :branch AND t.deleted_at IS NULL AND {where} AND {page} {order}
"""


async def task_page(person: Person, view: str, paging: Paging) -> Cut[TaskRow]:
    """A page of one's own open tasks (mine), those one gave (given), those within reach (team), finished ones.

    One query. A task one gave is one's own business, whatever the reach.
    """
    scope, params = reach_sql(reach(person, "task.view"), "t.employee_id", "t.department_id")
    where = {
        "mine": "t.employee_id = :me AND t.status IN ('open', 'accepted')",
        "given": "t.assigned_by = :me AND t.employee_id <> :me AND t.status IN ('open', 'accepted')",
        "team": f"t.status IN ('open', 'accepted') AND {scope}",
        "finished": f"t.status IN ('done', 'cancelled') AND ({scope} OR t.assigned_by = :me OR t.employee_id = :me)",
    }[view]
    page, order, more = paging.sql("t.id")
    sql = LIST_SQL.format(sort=paging.sort.expression, where=where, page=page, order=order)
    cut = paging.cut(await fetch_all(sql, branch=home().code, me=person.id, **params, **more))
    return Cut([_row(row) for row in cut.rows], cut.next, cut.previous)


def _row(row: Mapping[str, Any]) -> TaskRow:
    return TaskRow(
        as_kind(row["id"], UUID), row["title"], row["status"], row["employee"] or "", row["giver"] or "",
        as_kind(row["customer_id"], UUID), row["customer"] or "", as_kind(row["due_on"], date),
    )  # fmt: skip
