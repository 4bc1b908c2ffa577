"""Reads of follow-ups: one with its right, the list of what was done, what is due."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from branch_node.followups.forms import ListForm
from branch_node.home import home, today
from branch_node.lists import Cut, Paging, Sort, as_kind, like
from branch_node.searching import words
from shared.database import fetch_all, fetch_one
from shared.database.scope import reach_sql
from shared.errors import NotFound
from shared.permissions import Person, reach
from shared.records import Activity

DONE_SORTS: Mapping[str, Sort] = {"day": Sort("a.happened_on", date)}
DUE_SORTS: Mapping[str, Sort] = {"due": Sort("c.next_contact_on", date)}
PLANNED_SORTS: Mapping[str, Sort] = {"planned": Sort("a.planned_on", date)}


async def activity_for(person: Person, activity_id: UUID, action: str = "followup.view") -> Activity:
    """The follow-up if it is within reach of `action`; NotFound otherwise."""
    found = await Activity.get_or_none(id=activity_id, branch=home().code, deleted_at=None)
    if found is None or not reach(person, action).covers(
        owner=found.owner_id, department=found.department_id
    ):
        raise NotFound()
    return found


@dataclass(frozen=True)
class ActivityRow:
    """A line of the lists. `day` is the day it was made or is planned for."""

    id: UUID
    day: date
    kind: str
    subject: str
    outcome: str
    customer_id: UUID
    customer: str
    owner: str
    is_return_visit: bool
    status: str


DONE_SQL = """
SELECT a.id, a.happened_on AS day, a.kind, a.subject, a.outcome, a.customer_id, c.name AS customer, e.name AS owner,
  a.is_return_visit, a.status, {sort} AS sort_value
FROM activity a JOIN customer c ON c.id = a.customer_id LEFT JOIN employee e ON e.id = a.owner_id
WHERE a.branch = :branch AND a.deleted_at IS NULL AND a.status = 'done' AND {where} AND {page} {order}
"""
PLANNED_SQL = DONE_SQL.replace("a.happened_on AS day", "a.planned_on AS day").replace(
    "a.status = 'done'", "a.status = 'planned' AND a.planned_on IS NOT NULL"
)


def _filters(person: Person, filters: ListForm, day_column: str) -> tuple[str, dict[str, Any]]:
    scope, params = reach_sql(reach(person, "followup.view"), "a.owner_id", "a.department_id")
    clauses = [scope]
    params["branch"] = home().code
    if filters.kind:
        clauses.append("a.kind = :kind")
        params["kind"] = filters.kind
    if filters.owner is not None:
        clauses.append("a.owner_id = :owner")
        params["owner"] = filters.owner
    if filters.from_on is not None:
        clauses.append(f"{day_column} >= :from_on")
        params["from_on"] = filters.from_on
    if filters.to_on is not None:
        clauses.append(f"{day_column} <= :to_on")
        params["to_on"] = filters.to_on
    for place, word in enumerate(words(filters.q)):
        clauses.append(
            f"(c.search_key LIKE :word{place} ESCAPE '!' OR lower(a.subject) LIKE :word{place} ESCAPE '!')"
        )
        params[f"word{place}"] = like(word)
    return " AND ".join(clauses), params


async def done_page(person: Person, filters: ListForm, paging: Paging) -> Cut[ActivityRow]:
    """Contacts that were made, newest first, within reach. One query."""
    return await _page(DONE_SQL, "a.happened_on", person, filters, paging)


async def planned_page(person: Person, filters: ListForm, paging: Paging) -> Cut[ActivityRow]:
    """Contacts to be made, the earliest first, within reach. One query."""
    return await _page(PLANNED_SQL, "a.planned_on", person, filters, paging)


async def _page(sql: str, day: str, person: Person, filters: ListForm, paging: Paging) -> Cut[ActivityRow]:
    where, params = _filters(person, filters, day)
    page, order, more = paging.sql("a.id")
    rows = await fetch_all(
        sql.format(sort=paging.sort.expression, where=where, page=page, order=order), **params, **more
    )
    cut = paging.cut(rows)
    return Cut([_row(row) for row in cut.rows], cut.next, cut.previous)


def _row(row: Mapping[str, Any]) -> ActivityRow:
    return ActivityRow(
        as_kind(row["id"], UUID), as_kind(row["day"], date), row["kind"], row["subject"], row["outcome"],
        as_kind(row["customer_id"], UUID), row["customer"], row["owner"] or "", bool(row["is_return_visit"]),
        row["status"],
    )  # fmt: skip


@dataclass(frozen=True)
class DueRow:
    """A customer to be contacted, with what was planned and how long ago the last contact was."""

    customer_id: UUID
    customer: str
    owner: str
    due_on: date
    last_on: date | None
    activity_id: UUID | None
    kind: str
    subject: str
    phone: str


DUE_SQL = """
SELECT c.id, c.name, c.next_contact_on, c.last_contact_on, c.phone, e.name AS owner, {sort} AS sort_value,
  (SELECT CAST(a.id AS VARCHAR(36)) FROM activity a WHERE a.customer_id = c.id AND a.status = 'planned' AND a.deleted_at IS NULL
   ORDER BY a.planned_on, a.id LIMIT 1) AS activity_id,
  (SELECT a.kind FROM activity a WHERE a.customer_id = c.id AND a.status = 'planned' AND a.deleted_at IS NULL
   ORDER BY a.planned_on, a.id LIMIT 1) AS kind,
  (SELECT a.subject FROM activity a WHERE a.customer_id = c.id AND a.status = 'planned' AND a.deleted_at IS NULL
   ORDER BY a.planned_on, a.id LIMIT 1) AS subject
FROM customer c LEFT JOIN employee e ON e.id = c.owner_id
WHERE c.branch = :branch AND c.deleted_at IS NULL AND c.merged_into_id IS NULL AND c.status IN ('prospect', 'customer')
  AND c.next_contact_on IS NOT NULL AND c.next_contact_on {until} :today AND {where} AND {page} {order}
"""


async def due_page(person: Person, filters: ListForm, paging: Paging, *, only_overdue: bool) -> Cut[DueRow]:
    """Customers whose next contact is due (overdue: before today), the longest overdue first. One query.

    The same customers that the follow-up figure counts: prospects and customers, by date of next contact.
    """
    where, params = _due_filters(person, filters)
    page, order, more = paging.sql("c.id")
    sql = DUE_SQL.format(
        sort=paging.sort.expression, until="<" if only_overdue else "<=", where=where, page=page, order=order,
    )  # fmt: skip
    cut = paging.cut(await fetch_all(sql, branch=home().code, today=today(), **params, **more))
    return Cut([_due(row) for row in cut.rows], cut.next, cut.previous)


def _due_filters(person: Person, filters: ListForm) -> tuple[str, dict[str, Any]]:
    scope, params = reach_sql(reach(person, "followup.view"), "c.owner_id", "c.department_id")
    clauses = [scope]
    if filters.owner is not None:
        clauses.append("c.owner_id = :owner")
        params["owner"] = filters.owner
    for place, word in enumerate(words(filters.q)):
        clauses.append(f"c.search_key LIKE :word{place} ESCAPE '!'")
        params[f"word{place}"] = like(word)
    return " AND ".join(clauses), params


def _due(row: Mapping[str, Any]) -> DueRow:
    return DueRow(
        as_kind(row["id"], UUID), row["name"], row["owner"] or "", as_kind(row["next_contact_on"], date),
        as_kind(row["last_contact_on"], date), as_kind(row["activity_id"], UUID), row["kind"] or "",
        row["subject"] or "", row["phone"],
    )  # fmt: skip


@dataclass(frozen=True)
class Counts:
    """Numbers on the tabs: the rows of each within reach that the filters leave."""

    overdue: int
    due_today: int
    planned: int


async def counts(person: Person, filters: ListForm) -> Counts:
    """How many are overdue, due today, planned. One query."""
    due, params = _due_filters(person, filters)
    planned, more = _filters(person, filters, "a.planned_on")
    row = await fetch_one(
        "SELECT sum(CASE WHEN c.next_contact_on < :today THEN 1 ELSE 0 END) AS overdue, "
        "sum(CASE WHEN c.next_contact_on = :today THEN 1 ELSE 0 END) AS due, "
        "(SELECT count(*) FROM activity a JOIN customer c ON c.id = a.customer_id WHERE a.branch = :branch "
        "AND a.status = 'planned' AND a.planned_on IS NOT NULL "
        f"AND a.deleted_at IS NULL AND {planned}) AS planned FROM customer c WHERE c.branch = :branch "
        "AND c.deleted_at IS NULL AND c.merged_into_id IS NULL AND c.status IN ('prospect', 'customer') "
        f"AND c.next_contact_on <= :today AND {due}",
        **{**params, **more, "today": today()},
    )
    assert row is not None
    return Counts(int(row["overdue"] or 0), int(row["due"] or 0), int(row["planned"] or 0))


async def recent_of(person: Person, customer_id: UUID, limit: int = 5) -> Sequence[ActivityRow]:
    """The last contacts with a customer within reach, for the form of the next one."""
    scope, params = reach_sql(reach(person, "followup.view"), "a.owner_id", "a.department_id")
    rows = await fetch_all(
        "SELECT a.id, a.happened_on AS day, a.kind, a.subject, a.outcome, a.customer_id, c.name AS customer, "
        "e.name AS owner, a.is_return_visit, a.status FROM activity a JOIN customer c ON c.id = a.customer_id "
        "LEFT JOIN employee e ON e.id = a.owner_id WHERE a.customer_id = :customer AND a.status = 'done' "
        f"AND a.deleted_at IS NULL AND {scope} ORDER BY a.happened_on DESC, a.id DESC LIMIT {limit}",
        customer=customer_id,
        **params,
    )
    return [_row(row) for row in rows]
