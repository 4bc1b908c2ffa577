"""Reads of the outbox, within reach of the record that each mail is about.

A reminder is seen by whoever may remind that customer, a message by the one it is for. Who sets the branch up
(`settings.edit`) sees of every mail where it goes and what became of it, and its text only within the same reach.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from branch_node.home import home
from branch_node.lists import Cut, Paging, Sort, as_kind, like
from branch_node.mail.forms import ListForm
from shared.canonical import from_micros
from shared.database import fetch_all
from shared.database.scope import reach_sql
from shared.errors import NotFound
from shared.permissions import Person, reach

SORTS: Mapping[str, Sort] = {"at": Sort("m.created_at", int)}


@dataclass(frozen=True)
class MailRow:
    """A mail and what it is about. Without `is_readable` its text is empty; `about` and `url` are then empty too."""

    id: UUID
    status: str
    entity: str
    to_address: str
    to_name: str
    subject: str
    body: str
    about: str
    url: str
    tries: int
    trouble: str
    created_at: datetime
    next_try_at: datetime
    sent_at: datetime | None
    is_readable: bool


FROM_SQL = """
FROM outgoing_mail m
LEFT JOIN dunning_notice d ON m.entity = 'dunning_notice' AND d.id = m.entity_id AND d.branch = :branch
LEFT JOIN receivable r ON r.id = d.receivable_id LEFT JOIN customer c ON c.id = d.customer_id
LEFT JOIN notification n ON m.entity = 'notification' AND n.id = m.entity_id
WHERE {seen} AND {where}"""
MAILS_SQL = """
SELECT m.*, c.name AS customer, r.id AS receivable_id, n.url AS notice_url, {sort} AS sort_value,
  CASE WHEN {readable} THEN 1 ELSE 0 END AS is_readable"""


def _readable(person: Person) -> tuple[str, dict[str, Any]]:
    """The condition under which the person may read a mail, and its parameters."""
    mine = "(n.person_id IS NOT NULL AND n.person_id = :me)"
    if not person.may("receivable.edit"):
        return mine, {"me": person.id}
    scope, params = reach_sql(reach(person, "receivable.edit"), "r.owner_id", "r.department_id", "r.branch")
    return f"({mine} OR (r.id IS NOT NULL AND {scope}))", {"me": person.id, **params}


async def _mails(
    person: Person, where: str, end: str = "", sort: str = "m.created_at", **more: Any
) -> list[Any]:
    readable, params = _readable(person)
    seen = "(1 = 1)" if person.may("settings.edit") else readable
    sql = MAILS_SQL.format(sort=sort, readable=readable) + FROM_SQL.format(seen=seen, where=where)
    return list(await fetch_all(f"{sql} {end}", branch=home().code, **params, **more))


async def mail_page(person: Person, wanted: ListForm, paging: Paging) -> Cut[MailRow]:
    """One page of the mails the person may see, newest first. One query."""
    clauses: list[str] = []
    params: dict[str, Any] = {}
    if wanted.status:
        clauses.append("m.status = :status")
        params["status"] = wanted.status
    if wanted.q:
        clauses.append("(lower(m.to_address) LIKE :q ESCAPE '!' OR lower(m.to_name) LIKE :q ESCAPE '!')")
        params["q"] = like(wanted.q.lower())
    page, order, more = paging.sql("m.id")
    where = " AND ".join([*clauses, page])
    cut = paging.cut(await _mails(person, where, order, paging.sort.expression, **params, **more))
    return Cut([_row(row) for row in cut.rows], cut.next, cut.previous)


async def mail_for(person: Person, mail_id: UUID) -> MailRow:
    """The mail if the person may see it; NotFound otherwise."""
    rows = await _mails(person, "m.id = :id", id=mail_id)
    if not rows:
        raise NotFound()
    return _row(rows[0])


async def mail_counts(person: Person) -> dict[str, int]:
    """How many mails the person sees that wait and that failed; a state without one is left out. One query."""
    readable, params = _readable(person)
    seen = "(1 = 1)" if person.may("settings.edit") else readable
    sql = FROM_SQL.format(seen=seen, where="m.status IN ('waiting', 'failed')")
    rows = await fetch_all(
        f"SELECT m.status, count(*) AS n {sql} GROUP BY m.status", branch=home().code, **params
    )
    return {row["status"]: int(row["n"]) for row in rows}


def _row(row: Mapping[str, Any]) -> MailRow:
    is_readable = bool(row["is_readable"])
    receivable = row["receivable_id"]
    url = f"/receivables/{as_kind(receivable, UUID)}" if receivable else row["notice_url"] or ""
    sent = row["sent_at"]
    return MailRow(
        id=as_kind(row["id"], UUID),
        status=row["status"],
        entity=row["entity"],
        to_address=row["to_address"],
        to_name=row["to_name"],
        subject=row["subject"] if is_readable else "",
        body=row["body"] if is_readable else "",
        about=(row["customer"] or "") if is_readable else "",
        url=url if is_readable else "",
        tries=int(row["tries"]),
        trouble=row["trouble"],
        created_at=from_micros(int(row["created_at"])),
        next_try_at=from_micros(int(row["next_try_at"])),
        sent_at=None if sent is None else from_micros(int(sent)),
        is_readable=is_readable,
    )
