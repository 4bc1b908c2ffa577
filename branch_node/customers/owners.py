"""Whose customers are: chosen ones assigned, all of a leaver handed over with what is open, and back.
Each owns its transaction."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from branch_node.audit import note
from branch_node.customers.actions import owner_for
from branch_node.customers.rules import moved_account
from branch_node.home import home
from shared import clock
from shared.database import actor, execute, fetch_all, transaction
from shared.errors import Conflict, Invalid, NotFound
from shared.i18n import N_
from shared.permissions import Person, reach, require
from shared.records import AuditEntry, Customer, Employee


async def assign_customers(person: Person, ids: Sequence[UUID], to_id: UUID) -> int:
    """Give chosen customers to somebody; those outside the person's reach are refused as a whole. How many moved."""
    require(person, "customer.assign")
    async with transaction():
        owner = await owner_for(person, to_id)
        scope = reach(person, "customer.assign")
        rows = await Customer.filter(
            id__in=list(ids), branch=home().code, deleted_at=None
        ).select_for_update()
        if len(rows) != len(set(ids)) or not all(
            scope.covers(owner=row.owner_id, department=row.department_id) for row in rows
        ):
            raise NotFound()
        moving = [row for row in rows if row.owner_id != owner.id]
        for row in moving:
            row.owner_id, row.department_id = owner.id, owner.department_id
            await row.save()
        if moving:
            await note(
                person, "customers.assigned", "employee", owner.id,
                to=owner.name, count=len(moving), ids=moved_account(row.id for row in moving),
            )  # fmt: skip
    return len(moving)


HAND_OVER, HAND_BACK = "customers.handed_over", "customers.handed_back"
HANDED_OVER: tuple[tuple[str, str, str, str, bool], ...] = (
    ("customers", "customer", "owner_id", "status <> 'merged'", True),
    ("tasks", "task", "employee_id", "status IN ('open', 'accepted')", True),
    ("followups", "activity", "owner_id", "status = 'planned'", True),
    ("feedback", "feedback", "assigned_to", "status <> 'closed'", False),
    ("opportunities", "opportunity", "owner_id", "closed_on IS NULL", True),
    ("quotations", "quotation", "owner_id", "status IN ('draft', 'sent')", True),
)


@dataclass(frozen=True)
class HandedOver:
    """How many rows of each kind moved, and the audit entry that tells of it; None when nothing moved."""

    moved: Mapping[str, int]
    entry_id: UUID | None


async def hand_over(person: Person, from_id: UUID, to_id: UUID, reason: str = "") -> HandedOver:
    """All customers of one employee and what is open with them to another one, in one transaction, with a record.

    What was done in the past keeps the name of who did it: orders, receipts and finished activities stay. A second call
    moves nothing. Set-based: 10,000 customers are six statements.
    """
    require(person, "customer.assign")
    if from_id == to_id:
        raise Invalid(fields={"to_id": N_("Choose somebody else than the one who hands over.")})
    async with transaction():
        owner = await owner_for(person, to_id)
        leaver = await Employee.get_or_none(id=from_id, branch=home().code, deleted_at=None)
        if leaver is None or not reach(person, "customer.assign").covers(
            owner=leaver.id, department=leaver.department_id
        ):
            raise NotFound()
        ids = await fetch_all(
            "SELECT id FROM customer WHERE owner_id = :leaver AND branch = :branch AND deleted_at IS NULL "
            "AND status <> 'merged' ORDER BY id LIMIT 200",
            leaver=leaver.id,
            branch=home().code,
        )
        moved = {one[0]: await _hand_over_rows(leaver.id, owner, one) for one in HANDED_OVER}
        entry = None
        if any(moved.values()):
            entry = await note(
                person, HAND_OVER, "employee", leaver.id,
                **{"from": leaver.name, "to": owner.name, "to_id": str(owner.id), "reason": reason,
                   "moved": moved, "first_ids": [str(row["id"]) for row in ids]},
            )  # fmt: skip
    return HandedOver(moved, entry.id if entry else None)


async def _hand_over_rows(leaver_id: UUID, owner: Employee, what: tuple[str, str, str, str, bool]) -> int:
    _kind, table, column, condition, has_department = what
    department = ", department_id = :department" if has_department else ""
    return await execute(
        f'UPDATE "{table}" SET {column} = :owner{department}, revision = revision + 1, changed_at = :now, '
        f"changed_by = :by WHERE {column} = :leaver AND branch = :branch AND deleted_at IS NULL AND {condition}",
        owner=owner.id,
        department=owner.department_id,
        now=clock.now(),
        by=actor(),
        leaver=leaver_id,
        branch=home().code,
    )


# --- and back -------------------------------------------------------------------------------------------------------

CHUNK = 1_000
ROWS_READ = 2_000


async def undo_hand_over(person: Person, entry_id: UUID) -> dict[str, int]:
    """Everything that a hand-over moved goes back to whom it belonged, with the department it had, unless it has been given
    to somebody else since; how many of each kind.

    1 lock the entry that tells of it  2 read from the change log which rows it moved, and from where  3 give those back that
    still belong to the one who took over. Conflict when it was taken back already, or when the log no longer holds all of it;
    NotFound outside the reach of customer.assign over both people.
    """
    require(person, "customer.assign")
    async with transaction():
        entry = await _hand_over_for(person, entry_id)
        if await AuditEntry.filter(action=HAND_BACK, entity_id=entry.id).exists():
            raise Conflict(N_("This hand-over was taken back already."), code="hand_over.undone")
        back = dict.fromkeys(entry.details["moved"], 0)
        for (what, department), ids in (await _moved_by(entry)).items():
            back[what[0]] += await _hand_back(entry, what, department, ids)
        details = {name: entry.details[name] for name in ("from", "to", "to_id")}
        await note(person, HAND_BACK, "hand_over", entry.id, **details, moved=back)
    return back


async def _hand_over_for(person: Person, entry_id: UUID) -> AuditEntry:
    entry = (
        await AuditEntry.filter(id=entry_id, action=HAND_OVER, branch=home().code).select_for_update().first()
    )
    if entry is None:
        raise NotFound()
    scope = reach(person, "customer.assign")
    people = await Employee.filter(id__in=[entry.entity_id, UUID(entry.details["to_id"])])
    if len(people) != 2 or not all(
        scope.covers(owner=one.id, department=one.department_id) for one in people
    ):
        raise NotFound()
    return entry


What = tuple[str, str, str, str, bool]


async def _moved_by(entry: AuditEntry) -> dict[tuple[What, str | None], list[UUID]]:
    """The ids of the rows that a hand-over moved, by what they are and the department they came from."""
    own = await fetch_all(
        "SELECT seq, txid FROM change WHERE tbl = 'audit_entry' AND pk = :pk ORDER BY seq LIMIT 1",
        pk=str(entry.id),
    )
    total = sum(entry.details["moved"].values())
    kinds = {one[1]: one for one in HANDED_OVER}
    found: dict[tuple[What, str | None], list[UUID]] = {}
    first, last = (int(own[0]["seq"]) - total, int(own[0]["seq"])) if own else (0, 0)
    for start in range(first, last, ROWS_READ):
        rows = await fetch_all(
            "SELECT tbl, pk, row_before FROM change WHERE seq >= :first AND seq < :last AND txid = :txid AND op = 'u' "
            "AND tbl IN :tables ORDER BY seq",
            first=start, last=min(start + ROWS_READ, last), txid=own[0]["txid"], tables=list(kinds),
        )  # fmt: skip
        for row in rows:
            before: dict[str, Any] = json.loads(row["row_before"])
            what = kinds[row["tbl"]]
            place = (what, before.get("department_id") if what[4] else None)
            found.setdefault(place, []).append(UUID(row["pk"]))
    if not total or sum(len(ids) for ids in found.values()) != total:
        raise Conflict(
            N_(
                "The change log no longer holds this hand-over. Hand the customers over again, the other way."
            ),
            code="hand_over.log",
        )
    return found


async def _hand_back(entry: AuditEntry, what: What, department: str | None, ids: Sequence[UUID]) -> int:
    _kind, table, column, _condition, has_department = what
    more = ", department_id = :department" if has_department else ""
    back = 0
    for start in range(0, len(ids), CHUNK):
        back += await execute(
            f'UPDATE "{table}" SET {column} = :leaver{more}, revision = revision + 1, changed_at = :now, '
            f"changed_by = :by WHERE {column} = :owner AND id IN :ids",
            leaver=entry.entity_id,
            department=UUID(department) if department else None,
            now=clock.now(),
            by=actor(),
            owner=UUID(entry.details["to_id"]),
            ids=list(ids[start : start + CHUNK]),
        )
    return back
