"""The chain of headquarters' own audit entries; it never leaves headquarters."""

from tortoise import fields
from tortoise.models import Model


class AuditLink(Model):
    """An entry's place in the chain. `chain` is the hash of the chain before it and of the entry."""

    seq = fields.BigIntField(primary_key=True)
    entry_id = fields.UUIDField(unique=True)
    chain = fields.CharField(max_length=32)

    class Meta:
        table = "hq_audit_link"
        app = "hq"


class AuditHead(Model):
    """The end of the chain (one row, id 1), which every new entry moves and thereby waits for the one before."""

    id = fields.IntField(primary_key=True)
    seq = fields.BigIntField(default=0)
    chain = fields.CharField(max_length=32)

    class Meta:
        table = "hq_audit_head"
        app = "hq"
