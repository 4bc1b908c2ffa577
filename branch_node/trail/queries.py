"""Reads of the audit trail, within reach of `audit.view`: acts from their table, changes from the change log.

The log is indexed by position alone: a page looks at WINDOW positions and its successor goes on below them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from branch_node.home import home
from branch_node.lists import Cut, Paging, Sort
from branch_node.staff.queries import names_of
from branch_node.trail.forms import ListForm
from branch_node.trail.rules import KINDS, VERBS, is_removal, name_of
from shared.act_details import details_text
from shared.acts import act_word
from shared.canonical import from_micros
from shared.database import engine, fetch_all, fetch_value
from shared.database.scope import reach_sql
from shared.periods import start_of_day
from shared.permissions import Person, reach

WINDOW = 200_000
MOST_TOLD = 300
"""Characters of an act's details in the list."""


@dataclass(frozen=True)
class TrailRow:
    """One act or change. `verb` and `kind` are msgids, `what` names the record or tells details; `url` may be empty."""

    id: str
    at: datetime
    who: str
    verb: str
    kind: str
    what: str
    url: str


def _author(row: str) -> str:
    """The expression for who wrote a row kept as JSON."""
    if engine() == "postgres":
        return f"COALESCE({row}::json ->> 'changed_by', {row}::json ->> 'recorded_by')"
    return f"COALESCE(json_extract({row}, '$.changed_by'), json_extract({row}, '$.recorded_by'))"


async def changes_page(
    person: Person, filters: ListForm, before: int | None, size: int = 50
) -> Cut[TrailRow]:
    """Changes of records older than position `before`, newest first. Three queries.

    At most WINDOW positions are looked at; `next` goes on below them, so that a page may have few rows and still a next.
    """
    until = _instant(filters.until_on, 1, 1_000)
    top = before or int(await fetch_value("SELECT max(seq) + 1 AS seq FROM change") or 1)
    if until is not None:
        found = await fetch_value(
            "SELECT max(seq) + 1 AS seq FROM (SELECT seq FROM change WHERE at < :until AND seq < :top ORDER BY seq DESC "
            "LIMIT 1) AS newest",
            until=until,
            top=top,
        )
        top = int(found or 1)
    low = max(top - WINDOW, 1)
    clauses, params = await _narrowed(person, filters)
    rows = await fetch_all(
        "SELECT c.seq, c.tbl, c.pk, c.op, c.at, c.row_after, c.row_before FROM change c "
        f"WHERE c.seq < :top AND c.seq >= :low AND {' AND '.join(clauses)} ORDER BY c.seq DESC LIMIT {size + 1}",
        top=top,
        low=low,
        **params,
    )
    following = str(rows[size - 1]["seq"]) if len(rows) > size else str(low) if low > 1 else ""
    names = await names_of([_writer(row) for row in rows[:size]])
    return Cut([_change(row, names) for row in rows[:size]], following)


async def _narrowed(person: Person, filters: ListForm) -> tuple[list[str], dict[str, Any]]:
    kinds = [filters.kind] if filters.kind in KINDS else list(KINDS)
    clauses, params = ["c.tbl IN :kinds"], {"kinds": kinds}
    author = _author("COALESCE(c.row_after, c.row_before)")
    if filters.person_id is not None:
        clauses.append(f"{author} = :author")
        params["author"] = str(filters.person_id)
    if (start := _instant(filters.from_on, 0, 1_000)) is not None:
        clauses.append("c.at >= :from_at")
        params["from_at"] = start
    scope, reached = reach_sql(reach(person, "audit.view"), "e.id", "e.department_id")
    if reached:
        clauses.append(f"{author} IN (SELECT CAST(e.id AS VARCHAR(36)) FROM employee e WHERE {scope})")
        params |= reached
    return clauses, params


def _instant(day: date | None, more_days: int, per_second: int) -> int | None:
    """The beginning of a day of this branch (or so many days later) as a number of 1/per_second seconds."""
    if day is None:
        return None
    return int(start_of_day(day + timedelta(days=more_days), home().timezone).timestamp() * per_second)


def _row_of(row: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    before: dict[str, Any] = json.loads(row["row_before"]) if row["row_before"] else {}
    after: dict[str, Any] = json.loads(row["row_after"]) if row["row_after"] else before
    return before, after


def _writer(row: Mapping[str, Any]) -> UUID | None:
    _before, after = _row_of(row)
    who = after.get("changed_by") or after.get("recorded_by")
    return UUID(who) if who else None


def _change(row: Mapping[str, Any], names: Mapping[UUID | None, str]) -> TrailRow:
    before, after = _row_of(row)
    kind = KINDS[row["tbl"]]
    verb = "d" if is_removal(row["op"], before, after) else row["op"]
    return TrailRow(
        str(row["seq"]), from_micros(int(row["at"]) * 1_000), names.get(_writer(row), ""), VERBS[verb], kind.word,
        name_of(kind, after), f"{kind.url}{row['pk']}" if kind.url and verb != "d" else "",
    )  # fmt: skip


ACTS_SQL = """
SELECT a.id, a.recorded_at, a.person_name, a.action, a.details, {sort} AS sort_value FROM audit_entry a
WHERE a.branch = :branch AND a.deleted_at IS NULL AND {where} AND {page} {order}"""
SORTS: Mapping[str, Sort] = {"at": Sort("a.recorded_at", int)}


async def acts_page(person: Person, filters: ListForm, paging: Paging) -> Cut[TrailRow]:
    """Acts, newest first. One query."""
    clauses, params = ["(1 = 1)"], {}
    if filters.person_id is not None:
        clauses.append("a.person_id = :person")
        params["person"] = filters.person_id
    for column, day, more_days, sign in (
        ("from_at", filters.from_on, 0, ">="),
        ("until_at", filters.until_on, 1, "<"),
    ):
        if (bound := _instant(day, more_days, 1_000_000)) is not None:
            clauses.append(f"a.recorded_at {sign} :{column}")
            params[column] = bound
    scope, reached = reach_sql(reach(person, "audit.view"), "e.id", "e.department_id")
    if reached:
        clauses.append(f"a.person_id IN (SELECT e.id FROM employee e WHERE {scope})")
        params |= reached
    page, order, more = paging.sql("a.id")
    sql = ACTS_SQL.format(sort=paging.sort.expression, where=" AND ".join(clauses), page=page, order=order)
    cut = paging.cut(await fetch_all(sql, branch=home().code, **params, **more))
    return Cut([_act(row) for row in cut.rows], cut.next, cut.previous)


def _act(row: Mapping[str, Any]) -> TrailRow:
    details = row["details"] if isinstance(row["details"], dict) else json.loads(row["details"] or "{}")
    at = from_micros(int(row["recorded_at"]))
    text = details_text(details, row["action"])[:MOST_TOLD]
    return TrailRow(str(row["id"]), at, row["person_name"], act_word(row["action"]), "", text, "")
