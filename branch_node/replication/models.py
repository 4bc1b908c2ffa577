"""The branch's own tables of replication; they never leave the node."""

from tortoise import fields
from tortoise.models import Model

from shared import clock
from shared.database.fields import InstantField


class ReplicationState(Model):
    """One row: the epoch of this database's log and what is known of headquarters.

    `safe_seq`: what headquarters' last verified backup holds. `pruned_seq`: changes up to here were forgotten.
    `trouble` is why headquarters refuses this node at the moment (cloned | outdated | refused | held | fenced), empty while all is well."""

    id = fields.IntField(primary_key=True, default=1)
    epoch = fields.CharField(max_length=32)
    acked_seq = fields.BigIntField(default=0)
    acked_at = InstantField(null=True)
    contact_at = InstantField(null=True)
    unreachable_since = InstantField(null=True)
    safe_seq = fields.BigIntField(default=0)
    pruned_seq = fields.BigIntField(default=0)
    trouble = fields.CharField(max_length=16, default="")

    class Meta:
        table = "replication_state"


class ReplicationEpoch(Model):
    """An epoch of this log: what is kept of it begins after `base`, where chain hash and digests are these, and it ended
    at `until` (null: the present one).

    The origin is the position of headquarters from which it was begun; empty for the first. `told_at`: headquarters
    has taken it over.
    """

    epoch = fields.CharField(max_length=32, primary_key=True)
    base = fields.BigIntField(default=0)
    chain = fields.CharField(max_length=32, default="0" * 32)
    digests = fields.TextField(default="{}")
    until = fields.BigIntField(null=True)
    origin_epoch = fields.CharField(max_length=32, default="")
    origin_seq = fields.BigIntField(default=0)
    origin_chain = fields.CharField(max_length=32, default="0" * 32)
    reason = fields.CharField(max_length=16, default="first")
    begun_at = InstantField(default=clock.now)
    told_at = InstantField(null=True)

    class Meta:
        table = "replication_epoch"


class ReplicationCheckpoint(Model):
    """Chain hash and digests at a position that headquarters acknowledged, so that they need not be recomputed."""

    id = fields.BigIntField(primary_key=True, generated=True)
    epoch = fields.CharField(max_length=32)
    seq = fields.BigIntField()
    chain = fields.CharField(max_length=32)
    digests = fields.TextField(default="{}")

    class Meta:
        table = "replication_checkpoint"
        unique_together = (("epoch", "seq"),)


class ReplicationIncoming(Model):
    """The branch's own rows as headquarters holds them, while a restored branch rejoins; empty otherwise."""

    id = fields.BigIntField(primary_key=True, generated=True)
    tbl = fields.CharField(max_length=64)
    row_id = fields.CharField(max_length=64)
    ver = fields.BigIntField()
    op = fields.CharField(max_length=1)
    row = fields.TextField(default="")

    class Meta:
        table = "replication_incoming"
        unique_together = (("tbl", "row_id"),)
