"""Headquarters' own tables of replication: who may send, how far each branch is, what was set aside."""

from tortoise import fields
from tortoise.models import Model

from shared import clock
from shared.database.fields import InstantField, JsonField


class BranchNode(Model):
    """A node that may send for a branch: the public key on file for its code."""

    branch = fields.CharField(max_length=16, primary_key=True)
    name = fields.CharField(max_length=120, default="")
    public_key = fields.CharField(max_length=80)
    status = fields.CharField(max_length=16, default="active")
    enrolled_at = InstantField(default=clock.now)
    revoked_at = InstantField(null=True)

    class Meta:
        table = "branch_node"


class EnrolmentToken(Model):
    """A one-time right to enrol a node for a branch; only the hash of the token is kept."""

    token_hash = fields.CharField(max_length=64, primary_key=True)
    branch = fields.CharField(max_length=16)
    name = fields.CharField(max_length=120, default="")
    created_at = InstantField(default=clock.now)
    expires_at = InstantField()
    used_at = InstantField(null=True)

    class Meta:
        table = "enrolment_token"


class BranchCursor(Model):
    """How far a branch's log has been applied. `chain` and `digests` belong to (`epoch`, `seq`).

    `complete_at` is headquarters' clock at the last moment when nothing of the branch was missing, `contact_at` at the
    last request of the branch. `unproven` names tables whose digest did not equal the branch's own; `replay` is the
    memory of the signed requests accepted so far."""

    branch = fields.CharField(max_length=16, primary_key=True)
    epoch = fields.CharField(max_length=32, default="")
    seq = fields.BigIntField(default=0)
    chain = fields.CharField(max_length=32, default="0" * 32)
    digests = JsonField(default=dict)
    head_seq = fields.BigIntField(default=0)
    applied_at = InstantField(null=True)
    contact_at = InstantField(null=True)
    complete_at = InstantField(null=True)
    unproven = JsonField(default=dict)
    status = fields.CharField(max_length=16, default="normal")
    wire_bytes = fields.BigIntField(default=0)
    row_count = fields.BigIntField(default=0)
    replay = fields.TextField(default="")

    class Meta:
        table = "branch_cursor"


class QuarantinedChange(Model):
    """A change that could not be applied for what it holds; kept whole until a person or an upgrade settles it."""

    id = fields.BigIntField(primary_key=True, generated=True)
    branch = fields.CharField(max_length=16, db_index=True)
    epoch = fields.CharField(max_length=32)
    seq = fields.BigIntField()
    tbl = fields.CharField(max_length=64)
    row_id = fields.CharField(max_length=64)
    op = fields.CharField(max_length=1)
    schema_version = fields.IntField(default=1)
    row_after = fields.TextField(null=True)
    reason = fields.CharField(max_length=16)
    error = fields.TextField(default="")
    received_at = InstantField(default=clock.now)
    settled_at = InstantField(null=True)

    class Meta:
        table = "quarantined_change"


class Tombstone(Model):
    """A row that its branch deleted: what remains of it is that it is gone, and since which position."""

    id = fields.BigIntField(primary_key=True, generated=True)
    branch = fields.CharField(max_length=16)
    tbl = fields.CharField(max_length=64)
    row_id = fields.CharField(max_length=36)
    ver = fields.BigIntField()

    class Meta:
        table = "tombstone"
        unique_together = (("branch", "tbl", "row_id"),)
