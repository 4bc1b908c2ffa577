"""Fetch and authorise in one call: the record of an address, if the person may do this with it."""

from typing import TypeVar
from uuid import UUID

from tortoise.models import Model

from branch_node.editing import ChangedMeanwhile
from branch_node.home import home
from shared.database import find
from shared.database.scope import reach_sql
from shared.errors import NotFound
from shared.permissions import Person, reach
from shared.records import Record

M = TypeVar("M", bound=Model)
R = TypeVar("R", bound=Record)


async def locked_for(
    model: type[R], person: Person, record_id: UUID, action: str, revision: int | None = None
) -> R:
    """As `record_for`, locked until the transaction around ends, in the same statement. ChangedMeanwhile when `revision` is given
    and not the record's."""
    found = await record_for(model, person, record_id, action, lock=True)
    if revision is not None and found.revision != revision:
        raise ChangedMeanwhile(found)
    return found


async def record_for(
    model: type[M], person: Person, record_id: UUID, action: str, *, lock: bool = False
) -> M:
    """The record of this branch if it lies within the reach of `action`.

    NotFound otherwise, also for a deleted one: whoever may not see it does not learn that it is there.
    """
    scope, params = reach_sql(reach(person, action), branch="branch")
    condition = f"id = :id AND branch = :branch AND deleted_at IS NULL AND {scope}"
    found = await find(model, condition, id=record_id, branch=home().code, lock=lock, **params)
    if found is None:
        raise NotFound()
    return found
