"""Fetch and authorise in one call: the record of an address, if the person may do this with it."""

from typing import TypeVar
from uuid import UUID

from tortoise.models import Model

from branch_node.home import home
from shared.database import find
from shared.database.scope import reach_sql
from shared.errors import NotFound
from shared.permissions import Person, reach

M = TypeVar("M", bound=Model)


async def record_for(model: type[M], person: Person, record_id: UUID, action: str) -> M:
    """The record of this branch if it lies within the reach of `action`.

    NotFound otherwise, also for a deleted one: whoever may not see it does not learn that it is there.
    """
    scope, params = reach_sql(reach(person, action), branch="branch")
    condition = f"id = :id AND branch = :branch AND deleted_at IS NULL AND {scope}"
    found = await find(model, condition, id=record_id, branch=home().code, **params)
    if found is None:
        raise NotFound()
    return found
