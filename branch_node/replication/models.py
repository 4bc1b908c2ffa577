"""The branch's own tables of replication; they never leave the node."""

from tortoise import fields
from tortoise.models import Model

from shared.database.fields import InstantField


class ReplicationState(Model):
    """One row: the epoch of this database's log and what is known of headquarters.

    `fork` holds the reason why pushing has stopped and a person must decide; empty while all is well."""

    id = fields.IntField(primary_key=True, default=1)
    epoch = fields.CharField(max_length=32)
    acked_seq = fields.BigIntField(default=0)
    acked_at = InstantField(null=True)
    contact_at = InstantField(null=True)
    unreachable_since = InstantField(null=True)
    fork = fields.TextField(default="")

    class Meta:
        table = "replication_state"


class ReplicationCheckpoint(Model):
    """Chain hash and digests at a position that headquarters acknowledged, so that they need not be recomputed."""

    seq = fields.BigIntField(primary_key=True)
    epoch = fields.CharField(max_length=32)
    chain = fields.CharField(max_length=32)
    digests = fields.TextField(default="{}")

    class Meta:
        table = "replication_checkpoint"
