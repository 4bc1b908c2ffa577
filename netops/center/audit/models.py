"""Tables of the nodes' own audits. Entries are only ever added."""

from tortoise import fields
from tortoise.models import Model

from shared.database.fields import InstantField


class NodeAuditStep(Model):
    """One entry of a node's own audit as the node reported it. `previous` is the hash before it, "" for the first."""

    id = fields.BigIntField(primary_key=True, generated=True)
    node = fields.CharField(max_length=64)
    hash = fields.CharField(max_length=64)
    previous = fields.CharField(max_length=64, default="")
    entry = fields.TextField()
    received_at = InstantField()

    class Meta:
        table = "node_audit_step"
        unique_together = (("node", "hash"),)
        indexes = [("node", "previous")]


class NodeAudit(Model):
    """How far a node's audit is proved: every entry up to `proved` is here and chained. `state`: equal, behind, broken.
    `judged` is the greatest command number the node has said to have judged."""

    node = fields.CharField(max_length=64, primary_key=True)
    proved = fields.CharField(max_length=64, default="")
    proved_count = fields.BigIntField(default=0)
    claimed = fields.CharField(max_length=64, default="")
    judged = fields.BigIntField(default=0)
    state = fields.CharField(max_length=8, default="equal")
    detail = fields.CharField(max_length=200, default="")
    checked_at = InstantField(null=True)

    class Meta:
        table = "node_audit"
