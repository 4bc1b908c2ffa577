"""Reads of directives: one's inbox, what one's people still have to do, one directive with its documents."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from branch_node.directives.rules import Counts, counted
from branch_node.home import home
from branch_node.lists import as_kind
from shared.canonical import from_micros
from shared.database import fetch_all
from shared.database.scope import reach_sql
from shared.errors import Conflict, NotFound
from shared.i18n import N_
from shared.permissions import Person, reach
from shared.records import Directive, DirectiveFile

LIMIT = 200


@dataclass(frozen=True)
class InboxRow:
    """A directive as its recipient sees it; `status` is how far he got."""

    id: UUID
    number: str
    kind: str
    title: str
    issued_at: datetime
    issued_by: str
    deadline_on: date | None
    status: str
    is_withdrawn: bool
    reminded_at: datetime | None
    acknowledged_at: datetime | None


INBOX_SQL = """
SELECT d.id, d.number, d.kind, d.title, d.issued_at, d.issued_by_name, d.deadline_on, d.withdrawn_at, d.reminded_at,
  coalesce(x.status, 'delivered') AS state, x.acknowledged_at
FROM directive d LEFT JOIN directive_receipt x ON x.directive_id = d.id AND x.employee_id = :me AND x.branch = :branch
  AND x.deleted_at IS NULL
WHERE d.issued_at IS NOT NULL AND d.deleted_at IS NULL AND EXISTS (SELECT 1 FROM directive_recipient r
  WHERE r.directive_id = d.id AND r.employee_id = :me AND r.unit_branch = :branch AND r.deleted_at IS NULL)
ORDER BY CASE WHEN d.withdrawn_at IS NULL THEN 0 ELSE 1 END,
  CASE coalesce(x.status, 'delivered') WHEN 'delivered' THEN 0 WHEN 'read' THEN 1 WHEN 'acknowledged' THEN 2 ELSE 3 END,
  d.deadline_on IS NULL, d.deadline_on, d.issued_at DESC LIMIT {limit}
"""


async def inbox(person: Person) -> list[InboxRow]:
    """What is addressed to the person: unread first, then by deadline. One query."""
    rows = await fetch_all(INBOX_SQL.format(limit=LIMIT), me=person.id, branch=home().code)
    return [
        InboxRow(
            as_kind(row["id"], UUID), row["number"], row["kind"], row["title"], from_micros(int(row["issued_at"])),
            row["issued_by_name"], as_kind(row["deadline_on"], date), row["state"], row["withdrawn_at"] is not None,
            _instant(row["reminded_at"]), _instant(row["acknowledged_at"]),
        )
        for row in rows
    ]  # fmt: skip


def _instant(micros: Any) -> datetime | None:
    return None if micros is None else from_micros(int(micros))


@dataclass(frozen=True)
class Recipient:
    """One person a directive is for and how far that person got ("": it has not arrived)."""

    name: str
    status: str
    note: str
    at: datetime | None


@dataclass(frozen=True)
class TeamRow:
    """A directive and its recipients within somebody's reach."""

    id: UUID
    number: str
    title: str
    deadline_on: date | None
    is_withdrawn: bool
    counts: Counts
    recipients: Sequence[Recipient]


TEAM_SQL = """
SELECT d.id, d.number, d.title, d.deadline_on, d.withdrawn_at, coalesce(e.name, r.employee_name) AS name,
  coalesce(x.status, '') AS state, x.note, coalesce(x.done_at, x.acknowledged_at, x.read_at, x.delivered_at) AS at
FROM directive d JOIN directive_recipient r ON r.directive_id = d.id AND r.unit_branch = :branch AND r.deleted_at IS NULL
JOIN employee e ON e.id = r.employee_id
LEFT JOIN directive_receipt x ON x.directive_id = d.id AND x.employee_id = r.employee_id AND x.branch = :branch
  AND x.deleted_at IS NULL
WHERE d.issued_at IS NOT NULL AND d.deleted_at IS NULL AND {reach}{one}
ORDER BY d.issued_at DESC, d.id, e.search_key, e.id LIMIT 5000
"""


async def of_team(person: Person, directive_id: UUID | None = None) -> list[TeamRow]:
    """Directives with the recipients within reach of plan.assign, newest first. [] without that right. One query."""
    if not person.may("plan.assign"):
        return []
    condition, params = reach_sql(reach(person, "plan.assign"), "e.id", "e.department_id")
    one = " AND d.id = :id" if directive_id else ""
    more = {"id": directive_id} if directive_id else {}
    rows = await fetch_all(TEAM_SQL.format(reach=condition, one=one), branch=home().code, **params, **more)
    groups: dict[UUID, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(as_kind(row["id"], UUID), []).append(row)
    return [_team_row(key, found) for key, found in groups.items()]


def _team_row(key: UUID, rows: Sequence[Mapping[str, Any]]) -> TeamRow:
    first = rows[0]
    people = [Recipient(row["name"], row["state"], row["note"] or "", _instant(row["at"])) for row in rows]
    return TeamRow(
        key, first["number"], first["title"], as_kind(first["deadline_on"], date), first["withdrawn_at"] is not None,
        counted(one.status for one in people), people,
    )  # fmt: skip


async def directive_for(person: Person, directive_id: UUID) -> tuple[Directive, InboxRow | None]:
    """The directive, and how far the person got when it is addressed to him; NotFound for one that is addressed
    neither to him nor to anybody within reach of plan.assign."""
    found = await Directive.filter(id=directive_id, issued_at__not_isnull=True, deleted_at=None).first()
    if found is None:
        raise NotFound()
    mine = next((row for row in await inbox(person) if row.id == found.id), None)
    if mine is None and not await of_team(person, found.id):
        raise NotFound()
    return found, mine


# --- documents ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Document:
    """A file that came with a directive; whole once `have` is `pieces`."""

    id: UUID
    name: str
    size_bytes: int
    have: int
    pieces: int

    @property
    def is_whole(self) -> bool:
        return self.have >= self.pieces


async def documents_of(directive_id: UUID) -> list[Document]:
    """The files of a directive, without their content."""
    rows = await fetch_all(
        "SELECT file_id, min(name) AS name, min(size_bytes) AS size, count(DISTINCT position) AS have, "
        "max(pieces) AS pieces FROM directive_file WHERE directive_id = :id AND deleted_at IS NULL "
        "GROUP BY file_id ORDER BY 2, 1",
        id=directive_id,
    )
    return [
        Document(
            as_kind(row["file_id"], UUID), row["name"], int(row["size"]), int(row["have"]), int(row["pieces"])
        )
        for row in rows
    ]


async def content_of(directive_id: UUID, file_id: UUID) -> tuple[str, bytes]:
    """Name and content of a file, checked against its hash.

    NotFound for a file of another directive; Conflict while pieces are missing or do not add up.
    """
    rows = await DirectiveFile.filter(directive_id=directive_id, file_id=file_id, deleted_at=None).order_by(
        "position"
    )
    if not rows:
        raise NotFound()
    pieces = {row.position: row for row in rows}
    head = rows[0]
    if len(pieces) < head.pieces:
        raise Conflict(
            N_("%(have)s of %(pieces)s parts of this file have arrived. Try again later."),
            code="document.partial",
            have=len(pieces),
            pieces=head.pieces,
        )
    content = b"".join(base64.b64decode(pieces[place].content) for place in sorted(pieces))
    if sha256(content).hexdigest() != head.sha256:
        raise Conflict(
            N_("This file did not arrive as it was sent. Ask HQ to attach it again."), code="document.broken"
        )
    return head.name, content
