"""Customers fall asleep, are lost and are woken up again."""

from collections.abc import Sequence
from uuid import UUID

from branch_node.customers.rules import state_after
from branch_node.home import home
from shared.database import transaction
from shared.errors import NotFound
from shared.permissions import Person, reach, require
from shared.records import Customer


async def set_states(person: Person, ids: Sequence[UUID], wanted: str) -> int:
    """Give ticked customers a state (`state_after`); those that cannot have it stay. How many changed.

    NotFound as a whole when one is outside the reach of customer.edit.
    """
    require(person, "customer.edit")
    scope = reach(person, "customer.edit")
    changed = 0
    async with transaction():
        rows = await Customer.filter(
            id__in=list(ids), branch=home().code, deleted_at=None
        ).select_for_update()
        if len(rows) != len(set(ids)) or not all(
            scope.covers(owner=row.owner_id, department=row.department_id) for row in rows
        ):
            raise NotFound()
        for row in rows:
            found = state_after(row.status, row.signed_on is not None, wanted)
            if found is not None:
                row.status = found
                await row.save()
                changed += 1
    return changed
