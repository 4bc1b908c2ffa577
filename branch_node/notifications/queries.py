"""Reads of messages: how many are unread, the latest, what somebody wants by mail."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from branch_node.lists import Cut, Paging, Sort, as_kind
from branch_node.notifications.models import NoticeChoice
from branch_node.notifications.rules import KINDS, unpacked
from shared.canonical import from_micros
from shared.database import fetch_all, fetch_value
from shared.i18n import render
from shared.permissions import Person
from shared.web.error_pages import shown

SORTS: Mapping[str, Sort] = {"at": Sort("n.created_at", int)}
UNREAD_CAP = 99


@dataclass(frozen=True)
class NoticeRow:
    """A message in the reader's language."""

    id: UUID
    kind: str
    text: str
    url: str
    created_at: datetime
    is_read: bool


async def unread_of(person: Person) -> int:
    """How many messages somebody has not read, at most 99. One query over its own index."""
    return int(
        await fetch_value(
            "SELECT count(*) AS n FROM (SELECT 1 AS one FROM notification WHERE person_id = :me AND read_at IS NULL "
            f"LIMIT {UNREAD_CAP}) AS unread",
            me=person.id,
        )
    )


async def notices_page(person: Person, paging: Paging, *, only_unread: bool = False) -> Cut[NoticeRow]:
    """One page of a person's own messages, newest first."""
    page, order, more = paging.sql("n.id")
    unread = "AND n.read_at IS NULL" if only_unread else ""
    rows = await fetch_all(
        f"SELECT n.*, {paging.sort.expression} AS sort_value FROM notification n WHERE n.person_id = :me {unread} "
        f"AND {page} {order}",
        me=person.id,
        **more,
    )
    cut = paging.cut(rows)
    return Cut([_row(row) for row in cut.rows], cut.next, cut.previous)


def _row(row: Mapping[str, Any]) -> NoticeRow:
    return NoticeRow(
        as_kind(row["id"], UUID),
        row["kind"],
        render(row["text"], unpacked(json.loads(row["params"])), shown),
        row["url"],
        from_micros(int(row["created_at"])),
        row["read_at"] is not None,
    )


async def mails_chosen(person: Person) -> set[str]:
    """The kinds that go to this person by mail."""
    chosen = {row.kind: row.by_mail for row in await NoticeChoice.filter(person_id=person.id)}
    return {kind for kind, shape in KINDS.items() if chosen.get(kind, shape.by_mail)}
