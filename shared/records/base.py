"""What every replicated row carries, and who may write it."""

from typing import Any, ClassVar

from tortoise import fields
from tortoise.models import Model

from shared import clock, ids
from shared.database.access import actor
from shared.database.fields import InstantField

COMPANY = "COMPANY"
"""The owner code of rows that headquarters writes (targets, rates, news, directives)."""


class Record(Model):
    """A replicated row: written by exactly one side, the one named in `branch`.

    `ver` is kept at the receiving side: the position in the owner's log that wrote the row; 0 at home.
    `revision` grows with each save and is what a form compares to notice an edit in between.
    `ext` holds, at the receiving side, columns that a newer sender knows and this release does not.
    """

    id = fields.UUIDField(primary_key=True, default=ids.new_id)
    branch = fields.CharField(max_length=16)
    ver = fields.BigIntField(default=0)
    revision = fields.IntField(default=1)
    recorded_at = InstantField(default=clock.now)
    recorded_by = fields.UUIDField(null=True, default=actor)
    changed_at = InstantField(null=True)
    changed_by = fields.UUIDField(null=True)
    deleted_at = InstantField(null=True)
    ext = fields.TextField(null=True)

    owned_by_company: ClassVar[bool] = False
    """Whether headquarters writes rows of this table too; those go down to the branches."""

    class Meta:
        abstract = True

    async def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert, or update with the next revision, who and when. Bulk writes do not pass here."""
        if self._saved_in_db:
            self.revision += 1
            self.changed_at = clock.now()
            self.changed_by = actor()
            update_fields = kwargs.get("update_fields")
            if update_fields is not None:
                kwargs["update_fields"] = {*update_fields, "revision", "changed_at", "changed_by"}
        await super().save(*args, **kwargs)


RECEIVER_ONLY = frozenset({"ver", "ext"})
"""Columns that belong to the receiving side and never travel."""


def reference_field(null: bool = True, index: bool = False) -> Any:
    """A column that names another record by id. No database constraint: rows arrive in the order of the
    owner's log and a replica may hold a row before the one it names."""
    options: dict[str, Any] = {"null": null, "db_index": index}
    return fields.UUIDField(**options)


def code_field(length: int = 32, **options: Any) -> Any:
    """A stored code whose label is rendered by the page."""
    return fields.CharField(max_length=length, **options)


def minor_field(**options: Any) -> Any:
    """An amount in minor units of the currency beside it."""
    return fields.BigIntField(default=0, **options)
