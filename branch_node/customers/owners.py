"""Whose customers are: chosen ones assigned, all of a leaver handed over with what is open. Each owns its transaction."""

from collections.abc import Sequence
from uuid import UUID

from branch_node.audit import note
from branch_node.customers.actions import owner_for
from branch_node.customers.rules import moved_account
from branch_node.home import home
from shared import clock
from shared.database import actor, execute, fetch_all, transaction
from shared.errors import Invalid, NotFound
from shared.i18n import N_
from shared.permissions import Person, reach, require
from shared.records import Customer, Employee


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


HANDED_OVER: tuple[tuple[str, str, str, str, bool], ...] = (
    ("customers", "customer", "owner_id", "status <> 'merged'", True),
    ("tasks", "task", "employee_id", "status IN ('open', 'accepted')", True),
    ("followups", "activity", "owner_id", "status = 'planned'", True),
    ("feedback", "feedback", "assigned_to", "status <> 'closed'", False),
    ("opportunities", "opportunity", "owner_id", "closed_on IS NULL", True),
    ("quotations", "quotation", "owner_id", "status IN ('draft', 'sent')", True),
)


async def hand_over(person: Person, from_id: UUID, to_id: UUID, reason: str = "") -> dict[str, int]:
    """All customers of one employee and what is open with them to another one, in one transaction, with a record.

    What was done in the past keeps the name of who did it: orders, receipts and finished activities stay. Returns
    how many of each kind moved; a second call moves nothing. Set-based: 10,000 customers are six statements.
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
        if any(moved.values()):
            await note(
                person, "customers.handed_over", "employee", leaver.id,
                **{"from": leaver.name, "to": owner.name, "to_id": str(owner.id), "reason": reason,
                   "moved": moved, "first_ids": [str(row["id"]) for row in ids]},
            )  # fmt: skip
    return moved


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
