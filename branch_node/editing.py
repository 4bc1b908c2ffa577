"""Changing a record that somebody else may be changing: lock it, compare revisions, refuse with both versions."""

from typing import TypeVar
from uuid import UUID

from shared.database import find
from shared.errors import Conflict, NotFound
from shared.i18n import N_
from shared.records import Record

R = TypeVar("R", bound=Record)


class ChangedMeanwhile(Conflict):
    """The record has another revision than the form was made from; `current` is what it is now."""

    code = "record.changed"

    def __init__(self, current: Record) -> None:
        super().__init__(
            N_("This record was changed while you were editing it. Compare both versions and save again.")
        )
        self.current = current


async def locked(model: type[R], row_id: UUID, revision: int | None = None) -> R:
    """The row, locked until the transaction ends. NotFound when it is gone; ChangedMeanwhile when `revision` is
    given and not the row's. Call it inside `transaction()`: on SQLite the transaction itself is the lock."""
    row = await find(model, "id = :id AND deleted_at IS NULL", id=row_id, lock=True)
    if row is None:
        raise NotFound()
    if revision is not None and row.revision != revision:
        raise ChangedMeanwhile(row)
    return row
