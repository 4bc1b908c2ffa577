"""What headquarters keeps about the stream down."""

from tortoise import fields
from tortoise.models import Model

from shared import clock
from shared.database.fields import InstantField


class FeedState(Model):
    """One row: the epoch of headquarters' own log, from which the branches are fed."""

    id = fields.IntField(primary_key=True, default=1)
    epoch = fields.CharField(max_length=32)
    made_at = InstantField(default=clock.now)

    class Meta:
        table = "feed_state"


class FeedReader(Model):
    """How far a branch says it holds headquarters' own log: its acknowledgement. `replay` is the memory of its
    requests, `reset_at` when its position was last not found in the log."""

    branch = fields.CharField(max_length=16, primary_key=True)
    seq = fields.BigIntField(default=0)
    asked_at = InstantField(null=True)
    moved_at = InstantField(null=True)
    reset_at = InstantField(null=True)
    wire_bytes = fields.BigIntField(default=0)
    row_count = fields.BigIntField(default=0)
    replay = fields.TextField(default="")

    class Meta:
        table = "feed_reader"
