"""Reads of feedback: one with its right, the list."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from branch_node.feedback.forms import ListForm
from branch_node.home import home
from branch_node.lists import Cut, Paging, Sort, as_kind, like
from branch_node.searching import words
from shared.database import fetch_all
from shared.database.scope import reach_sql
from shared.errors import NotFound
from shared.permissions import Person, reach
from shared.records import Feedback

SORTS: Mapping[str, Sort] = {"day": Sort("f.happened_on", date)}


async def feedback_for(person: Person, feedback_id: UUID, action: str = "feedback.view") -> Feedback:
    """The feedback if it is within reach of `action` or assigned to the person; NotFound otherwise."""
    found = await Feedback.get_or_none(id=feedback_id, branch=home().code, deleted_at=None)
    if found is None:
        raise NotFound()
    scope = reach(person, action)
    if found.assigned_to != person.id and not scope.covers(
        owner=found.owner_id, department=found.department_id
    ):
        raise NotFound()
    return found


@dataclass(frozen=True)
class FeedbackRow:
    """A line of the list."""

    id: UUID
    day: date
    kind: str
    level: str
    subject: str
    status: str
    customer: str
    owner: str
    assigned_to: str


LIST_SQL = """
SELECT f.id, f.happened_on, f.kind, f.level, f.subject, f.status, c.name AS customer, e.name AS owner,
  a.name AS assignee, {sort} AS sort_value
FROM feedback f LEFT JOIN customer c ON c.id = f.customer_id LEFT JOIN employee e ON e.id = f.owner_id
LEFT JOIN employee a ON a.id = f.assigned_to
WHERE f.branch = :branch AND f.deleted_at IS NULL AND ({scope} OR f.assigned_to = :me) AND {where} AND {page} {order}
"""


async def feedback_page(
    person: Person, filters: ListForm, paging: Paging, *, only_open: bool
) -> Cut[FeedbackRow]:
    """A page within reach, one's own assignments included. One query."""
    scope, params = reach_sql(reach(person, "feedback.view"), "f.owner_id", "f.department_id")
    clauses = ["f.status <> 'closed'" if only_open else "(1 = 1)"]
    if filters.kind:
        clauses.append("f.kind = :kind")
        params["kind"] = filters.kind
    if filters.status:
        clauses.append("f.status = :status")
        params["status"] = filters.status
    for place, word in enumerate(words(filters.q)):
        clauses.append(
            f"(lower(f.subject) LIKE :word{place} ESCAPE '!' OR c.search_key LIKE :word{place} ESCAPE '!')"
        )
        params[f"word{place}"] = like(word)
    page, order, more = paging.sql("f.id")
    sql = LIST_SQL.format(
        sort=paging.sort.expression, scope=scope, where=" AND ".join(clauses), page=page, order=order
    )
    cut = paging.cut(await fetch_all(sql, branch=home().code, me=person.id, **params, **more))
    return Cut([_row(row) for row in cut.rows], cut.next, cut.previous)


def _row(row: Mapping[str, Any]) -> FeedbackRow:
    return FeedbackRow(
        as_kind(row["id"], UUID), as_kind(row["happened_on"], date), row["kind"], row["level"], row["subject"],
        row["status"], row["customer"] or "", row["owner"] or "", row["assignee"] or "",
    )  # fmt: skip
