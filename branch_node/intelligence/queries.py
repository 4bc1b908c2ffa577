"""Reads of market notes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from branch_node.home import home
from branch_node.intelligence.forms import ListForm
from branch_node.lists import Cut, Paging, Sort, as_kind, like
from branch_node.searching import words
from shared.database import fetch_all
from shared.database.scope import reach_sql
from shared.errors import NotFound
from shared.permissions import Person, reach
from shared.records import IntelNote

SORTS: Mapping[str, Sort] = {"day": Sort("n.happened_on", date)}


async def note_for(person: Person, note_id: UUID, action: str = "intel.view") -> IntelNote:
    """The note if it is within reach of `action`; NotFound otherwise."""
    found = await IntelNote.get_or_none(id=note_id, branch=home().code, deleted_at=None)
    if found is None or not reach(person, action).covers(
        owner=found.owner_id, department=found.department_id
    ):
        raise NotFound()
    return found


@dataclass(frozen=True)
class NoteRow:
    """A line of the list."""

    id: UUID
    day: date
    kind: str
    title: str
    source: str
    competitor: str
    customer: str
    owner: str
    is_own: bool
    has_text: bool


LIST_SQL = """
SELECT n.id, n.happened_on, n.kind, n.title, n.source, n.competitor, n.owner_id, c.name AS customer, e.name AS owner,
  CASE WHEN n.text <> '' THEN 1 ELSE 0 END AS has_text, {sort} AS sort_value
FROM intel_note n LEFT JOIN customer c ON c.id = n.customer_id LEFT JOIN employee e ON e.id = n.owner_id
WHERE n.branch = :branch AND n.deleted_at IS NULL AND {where} AND {page} {order}
"""


async def note_page(person: Person, filters: ListForm, paging: Paging) -> Cut[NoteRow]:
    """A page of notes within reach, newest first. One query."""
    scope, params = reach_sql(reach(person, "intel.view"), "n.owner_id", "n.department_id")
    clauses = [scope]
    if filters.kind:
        clauses.append("n.kind = :kind")
        params["kind"] = filters.kind
    for place, word in enumerate(words(filters.q)):
        clauses.append(
            f"(lower(n.title) LIKE :word{place} ESCAPE '!' OR lower(n.competitor) LIKE :word{place} ESCAPE '!' "
            f"OR lower(n.text) LIKE :word{place} ESCAPE '!')"
        )
        params[f"word{place}"] = like(word)
    page, order, more = paging.sql("n.id")
    sql = LIST_SQL.format(sort=paging.sort.expression, where=" AND ".join(clauses), page=page, order=order)
    cut = paging.cut(await fetch_all(sql, branch=home().code, **params, **more))
    return Cut([_row(row, person.id) for row in cut.rows], cut.next, cut.previous)


def _row(row: Mapping[str, Any], me: UUID) -> NoteRow:
    return NoteRow(
        as_kind(row["id"], UUID), as_kind(row["happened_on"], date), row["kind"], row["title"], row["source"],
        row["competitor"], row["customer"] or "", row["owner"] or "", as_kind(row["owner_id"], UUID) == me,
        bool(row["has_text"]),
    )  # fmt: skip
