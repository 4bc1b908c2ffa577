"""Reads the audit trail: acts at headquarters and those the branches sent."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from shared.canonical import from_micros
from shared.database import fetch_all
from shared.records import COMPANY
from shared.web.keyset import Cut, Paging, Sort, as_kind, like

SORTS: Mapping[str, Sort] = {"day": Sort("a.happened_on", date)}
FILE_ROWS = 20_000
PIECE_ROWS = 1_000
LIST = """SELECT a.id, a.branch, a.happened_on, a.recorded_at, a.person_name, a.action, a.entity, a.entity_id, a.details,
{sort} AS sort_value FROM audit_entry a WHERE a.deleted_at IS NULL{where} AND {page} {order}"""


@dataclass(frozen=True)
class Entry:
    """Who did what, where and when; `details` is the canonical JSON text."""

    id: str
    branch: str
    day: date
    at: datetime | None
    person: str
    action: str
    entity: str
    entity_id: str
    details: str


@dataclass(frozen=True)
class Wanted:
    """What the list is narrowed to. `codes` are the reader's branches, None for all and headquarters itself."""

    codes: Sequence[str] | None
    branch: str = ""
    person: str = ""
    action: str = ""
    first: date | None = None
    last: date | None = None

    def sql(self) -> tuple[str, dict[str, Any]]:
        """The condition and its parameters."""
        parts, params = "", dict[str, Any]()
        if self.codes is not None:
            parts, params["codes"] = f"{parts} AND a.branch IN :codes", [*self.codes, "-"]
        if self.branch:
            parts, params["branch"] = f"{parts} AND a.branch = :branch", self.branch
        if self.person:
            parts += " AND LOWER(a.person_name) LIKE :person ESCAPE '!'"
            params["person"] = like(self.person.lower())
        if self.action:
            parts += " AND a.action LIKE :action ESCAPE '!'"
            params["action"] = like(self.action)
        if self.first is not None:
            parts, params["first"] = f"{parts} AND a.happened_on >= :first", self.first
        if self.last is not None:
            parts, params["last"] = f"{parts} AND a.happened_on <= :last", self.last
        return parts, params


async def entries(wanted: Wanted, paging: Paging) -> Cut[Entry]:
    """One page, newest first. One query."""
    where, params = wanted.sql()
    page, order, more = paging.sql("a.id")
    sql = LIST.format(sort=paging.sort.expression, where=where, page=page, order=order)
    cut = paging.cut(await fetch_all(sql, **params, **more))
    return Cut([entry_of(row) for row in cut.rows], cut.next, cut.previous)


async def every_entry(wanted: Wanted) -> AsyncIterator[Entry]:
    """The whole list for a file, newest first, FILE_ROWS at most, a thousand at a time."""
    where, params = wanted.sql()
    after, count = UUID(int=(1 << 128) - 1), 0
    while count < FILE_ROWS:
        page, order = "a.id < :after", f"ORDER BY a.id DESC LIMIT {PIECE_ROWS}"
        sql = LIST.format(sort="a.happened_on", where=where, page=page, order=order)
        rows = await fetch_all(sql, after=after, **params)
        for row in rows:
            yield entry_of(row)
        if len(rows) < PIECE_ROWS:
            return
        after, count = UUID(str(rows[-1]["id"])), count + len(rows)


async def names_of_people() -> dict[str, str]:
    """The people of headquarters by id, those who left as well. One query."""
    return {str(row["id"]): str(row["name"]) for row in await fetch_all("SELECT id, name FROM hq_person")}


def entry_of(row: Mapping[str, Any]) -> Entry:
    """A row as an entry."""
    at = row["recorded_at"]
    return Entry(
        str(row["id"]), str(row["branch"]), as_kind(row["happened_on"], date), from_micros(int(at)) if at is not None else None,
        str(row["person_name"]), str(row["action"]), str(row["entity"]), str(row["entity_id"] or ""), str(row["details"] or ""),
    )  # fmt: skip


def is_company(branch: str) -> bool:
    """Whether an act was done at headquarters."""
    return branch == COMPANY
