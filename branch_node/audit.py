"""Notes acts that are not themselves a change of one record: hand-overs, exports, changes of rights."""

from typing import Any
from uuid import UUID

from branch_node.home import home
from shared.permissions import Person
from shared.records import AuditEntry


async def note(
    person: Person | None, action: str, entity: str = "", entity_id: UUID | None = None, **details: Any
) -> AuditEntry:
    """Write one audit entry inside the caller's transaction. `details` must be plain JSON values."""
    here = home()
    return await AuditEntry.create(
        branch=here.code,
        happened_on=here.today,
        person_id=person.id if person else None,
        person_name=person.name if person else "",
        action=action,
        entity=entity,
        entity_id=entity_id,
        details=details,
    )
