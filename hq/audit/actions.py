"""Writes the audit trail, each entry chained to the one before it."""

from collections.abc import Mapping
from uuid import UUID

from hq.audit.chain import chain_entry
from hq.models import HqPerson
from shared import clock
from shared.database import actor, transaction
from shared.periods import local_date
from shared.records import COMPANY, AuditEntry

DEFAULT_ZONE = "Asia/Shanghai"


async def note(action: str, entity: str, entity_id: UUID | None, details: Mapping[str, object]) -> None:
    """One entry in the name of whoever acts now, in the transaction of what was done."""
    who = actor()
    name = ""
    if who is not None:
        found = await HqPerson.get_or_none(id=who)
        name = found.name if found else ""
    async with transaction():
        entry = await AuditEntry.create(
            branch=COMPANY,
            happened_on=local_date(clock.now(), DEFAULT_ZONE),
            person_id=who,
            person_name=name,
            action=action,
            entity=entity,
            entity_id=entity_id,
            details=dict(details),
        )
        await chain_entry(entry.id)
