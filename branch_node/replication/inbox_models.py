"""What the inbox keeps about headquarters' rows; these tables never leave the node."""

from tortoise import fields
from tortoise.models import Model

from shared import clock
from shared.database.fields import InstantField


class InboxState(Model):
    """One row: how far this branch holds what headquarters owns. `chain` is headquarters' own word for the position.

    What is not whole yet, a large transaction or a whole new history (`staged_replaces`), lies in `inbox_row` up to
    `staged_*`; the rows people see change when all of it is there. `schema` is the version that read the rows: after
    an upgrade they are read anew.
    """

    id = fields.IntField(primary_key=True, default=1)
    epoch = fields.CharField(max_length=32, default="")
    seq = fields.BigIntField(default=0)
    chain = fields.CharField(max_length=32, default="")
    schema = fields.IntField(default=0)
    staged_epoch = fields.CharField(max_length=32, default="")
    staged_seq = fields.BigIntField(default=0)
    staged_chain = fields.CharField(max_length=32, default="")
    staged_replaces = fields.BooleanField(default=False)
    head_seq = fields.BigIntField(default=0)
    heard_at = InstantField(null=True)
    applied_at = InstantField(null=True)
    replaced_at = InstantField(null=True)

    class Meta:
        table = "inbox_state"


class InboxRow(Model):
    """A row of headquarters that waits until what it belongs to is whole; `row` is empty for one that is gone."""

    id = fields.BigIntField(primary_key=True, generated=True)
    tbl = fields.CharField(max_length=64)
    row_id = fields.CharField(max_length=64)
    seq = fields.BigIntField()
    row = fields.TextField(default="")

    class Meta:
        table = "inbox_row"
        unique_together = (("tbl", "row_id"),)


class InboxAside(Model):
    """A row of headquarters that this branch could not take (`refused`, with the reason), or held when headquarters,
    put back from a copy, no longer knew it (`lost`). Nothing is dropped unseen."""

    id = fields.BigIntField(primary_key=True, generated=True)
    kind = fields.CharField(max_length=16)
    tbl = fields.CharField(max_length=64)
    row_id = fields.CharField(max_length=64)
    seq = fields.BigIntField(default=0)
    row = fields.TextField(default="")
    reason = fields.TextField(default="")
    noted_at = InstantField(default=clock.now)

    class Meta:
        table = "inbox_aside"
