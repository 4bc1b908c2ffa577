"""Reads of directives: the list with how far each is, one with its recipients per branch, whom one can choose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from json import loads
from typing import Any
from uuid import UUID

from hq.directives.rules import Progress, Received, Unit, units_of
from hq.figures.lists import as_date
from shared.canonical import from_micros
from shared.database import fetch_all
from shared.errors import NotFound
from shared.records import Directive
from shared.web.keyset import like

STEP_SQL = """COUNT(*) AS total,
CAST(COALESCE(SUM(CASE WHEN t.status IN ('delivered', 'read', 'acknowledged', 'done') THEN 1 ELSE 0 END), 0) AS BIGINT) AS delivered,
CAST(COALESCE(SUM(CASE WHEN t.status IN ('read', 'acknowledged', 'done') THEN 1 ELSE 0 END), 0) AS BIGINT) AS seen,
CAST(COALESCE(SUM(CASE WHEN t.status IN ('acknowledged', 'done') THEN 1 ELSE 0 END), 0) AS BIGINT) AS acknowledged,
CAST(COALESCE(SUM(CASE WHEN t.status = 'done' THEN 1 ELSE 0 END), 0) AS BIGINT) AS done"""

RECIPIENTS = """FROM directive_recipient r LEFT JOIN directive_receipt t ON t.directive_id = r.directive_id
AND t.employee_id = r.employee_id AND t.deleted_at IS NULL WHERE r.deleted_at IS NULL"""


@dataclass(frozen=True)
class DirectiveRow:
    """A directive in the list."""

    id: str
    number: str
    kind: str
    title: str
    status: str
    issued_at: datetime | None
    issued_by: str
    deadline_on: date | None
    progress: Progress


def instant_of(micros: Any) -> datetime | None:
    """A stored moment of either engine."""
    return None if micros is None else from_micros(int(micros))


def is_visible(audience: Sequence[str], status: str, codes: frozenset[str] | None) -> bool:
    """Whether somebody who sees these branches may see the directive: all drafts are its writers' own matter."""
    return codes is None or bool(codes.intersection(audience)) or (status == "draft" and not audience)


async def directives(codes: frozenset[str] | None, limit: int, offset: int) -> tuple[list[DirectiveRow], int]:
    """A page of directives, drafts and the newest first, each with its counts within the branches; and how many
    there are. Three statements."""
    rows = await fetch_all(
        "SELECT id, audience, status FROM directive WHERE deleted_at IS NULL ORDER BY "
        "CASE WHEN status = 'draft' THEN 0 ELSE 1 END, issued_at DESC, id DESC"
    )
    seen = [str(row["id"]) for row in rows if is_visible(loads(row["audience"]), str(row["status"]), codes)]
    page = seen[offset : offset + limit]
    found = await fetch_all("SELECT * FROM directive WHERE id IN :ids", ids=page)
    counts = await counts_of(page, codes)
    by_id = {str(row["id"]): row for row in found}
    return [row_of(by_id[key], counts) for key in page if key in by_id], len(seen)


async def counts_of(ids: Sequence[str], codes: frozenset[str] | None) -> dict[str, Progress]:
    """How far some directives are, within the branches."""
    within = " AND r.unit_branch IN :codes" if codes is not None else ""
    rows = await fetch_all(
        f"SELECT r.directive_id AS id, {STEP_SQL} {RECIPIENTS} AND r.directive_id IN :ids{within} GROUP BY r.directive_id",
        ids=list(ids),
        codes=sorted(codes or ()),
    )
    return {
        str(row["id"]): Progress(
            int(row["total"]),
            int(row["delivered"]),
            int(row["seen"]),
            int(row["acknowledged"]),
            int(row["done"]),
        )
        for row in rows
    }


def row_of(row: Mapping[str, Any], counts: Mapping[str, Progress]) -> DirectiveRow:
    """One directive."""
    return DirectiveRow(
        id=str(row["id"]),
        number=str(row["number"]),
        kind=str(row["kind"]),
        title=str(row["title"]),
        status=str(row["status"]),
        issued_at=instant_of(row["issued_at"]),
        issued_by=str(row["issued_by_name"]),
        deadline_on=as_date(row["deadline_on"]),
        progress=counts.get(str(row["id"]), Progress(0, 0, 0, 0, 0)),
    )


async def directive_for(directive_id: UUID, codes: frozenset[str] | None) -> Directive:
    """One directive; NotFound when there is none or none of its branches is the reader's."""
    found = await Directive.get_or_none(id=directive_id, deleted_at=None)
    if found is None or not is_visible(found.audience, found.status, codes):
        raise NotFound()
    return found


async def received(directive_id: UUID, codes: frozenset[str] | None) -> list[Received]:
    """Every recipient with how far it got, by branch and name."""
    within = " AND r.unit_branch IN :codes" if codes is not None else ""
    rows = await fetch_all(
        "SELECT r.unit_branch, r.employee_name, COALESCE(t.status, '') AS step "
        f"{RECIPIENTS} AND r.directive_id = :id{within} ORDER BY r.unit_branch, r.employee_name",
        id=directive_id,
        codes=sorted(codes or ()),
    )
    return [Received(str(row["unit_branch"]), str(row["employee_name"]), str(row["step"])) for row in rows]


@dataclass(frozen=True)
class Attached:
    """A file of a directive."""

    file_id: str
    name: str
    media_type: str
    size_bytes: int


async def files_of(directive_id: UUID) -> list[Attached]:
    """The attached files in the order in which they came."""
    rows = await fetch_all(
        "SELECT file_id, name, media_type, size_bytes FROM directive_file WHERE directive_id = :id AND position = 0 "
        "AND deleted_at IS NULL ORDER BY id",
        id=directive_id,
    )
    return [
        Attached(str(row["file_id"]), str(row["name"]), str(row["media_type"]), int(row["size_bytes"]))
        for row in rows
    ]


async def units_like(text: str, codes: frozenset[str] | None, limit: int = 8) -> list[Unit]:
    """Branches, departments and people whose name contains a text."""
    within = " AND {alias}.branch IN :codes" if codes is not None else ""
    rows = await fetch_all(
        "SELECT * FROM (SELECT 'branch' AS kind, b.branch, '' AS id, b.name, '' AS place FROM branch b "
        f"WHERE b.deleted_at IS NULL AND (LOWER(b.name) LIKE :text ESCAPE '!' OR LOWER(b.name_en) LIKE :text ESCAPE '!' "
        f"OR LOWER(b.branch) LIKE :text ESCAPE '!'){within.format(alias='b')} "
        "UNION ALL SELECT 'department', d.branch, CAST(d.id AS VARCHAR(36)), d.name, d.branch FROM department d "
        f"WHERE d.deleted_at IS NULL AND d.active AND LOWER(d.name) LIKE :text ESCAPE '!'{within.format(alias='d')} "
        "UNION ALL SELECT 'employee', e.branch, CAST(e.id AS VARCHAR(36)), e.name, e.branch FROM employee e "
        "WHERE e.deleted_at IS NULL AND e.active AND (LOWER(e.name) LIKE :text ESCAPE '!' OR e.search_key LIKE :text ESCAPE '!')"
        f"{within.format(alias='e')}) AS found ORDER BY kind, name, branch LIMIT :row_limit",
        text=like(text.lower()),
        codes=sorted(codes or ()),
        row_limit=limit,
    )
    return [Unit(str(row["kind"]), str(row["branch"]), str(row["id"]), str(row["name"])) for row in rows]


async def unit_named(code: str, codes: frozenset[str] | None) -> Unit | None:
    """The unit of a code (company, branch:SH, department:ID, employee:ID) within the branches; None when there is none."""
    kind, _colon, key = code.partition(":")
    if kind == "company":
        return Unit("company") if codes is None else None
    tables = {"branch": "branch", "department": "department", "employee": "employee"}
    if kind not in tables:
        return None
    if kind != "branch":
        try:
            UUID(key)
        except ValueError:
            return None
    column = "branch" if kind == "branch" else "id"
    rows = await fetch_all(
        f"SELECT branch, name FROM {tables[kind]} WHERE {column} = :key AND deleted_at IS NULL", key=key
    )
    if not rows or (codes is not None and str(rows[0]["branch"]) not in codes):
        return None
    return Unit(kind, str(rows[0]["branch"]), "" if kind == "branch" else key, str(rows[0]["name"]))


@dataclass(frozen=True)
class Person:
    """Somebody who will receive a directive."""

    id: str
    branch: str
    name: str


async def people_of(units: Sequence[Unit], codes: frozenset[str] | None) -> list[Person]:
    """Everybody employed now whom the units name, each once; departments with all below them."""
    people = await fetch_all(
        "SELECT id, branch, name, department_id FROM employee WHERE active AND deleted_at IS NULL ORDER BY branch, name, id"
    )
    parents = await fetch_all("SELECT id, parent_id FROM department WHERE deleted_at IS NULL")
    parent_of = {str(row["id"]): str(row["parent_id"] or "") for row in parents}
    chosen = {unit.code for unit in units}

    def is_meant(row: Mapping[str, Any]) -> bool:
        if "company" in chosen or f"branch:{row['branch']}" in chosen or f"employee:{row['id']}" in chosen:
            return True
        department, steps = str(row["department_id"] or ""), 0
        while department and steps < 20:
            if f"department:{department}" in chosen:
                return True
            department, steps = parent_of.get(department, ""), steps + 1
        return False

    return [
        Person(str(row["id"]), str(row["branch"]), str(row["name"]))
        for row in people
        if (codes is None or str(row["branch"]) in codes) and is_meant(row)
    ]


def units_in(directive: Directive) -> list[Unit]:
    """What the author chose."""
    return units_of(directive.units)
