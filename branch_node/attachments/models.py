"""Files that belong to a record: kept in the branch's database, so that a copy of it is whole."""

from tortoise import fields
from tortoise.models import Model

from shared import clock
from shared.database.fields import InstantField
from shared.ids import new_id


class Attachment(Model):
    """A file of a record (`entity`, `entity_id`); `content_hash` is the SHA-256 of `content`."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    entity = fields.CharField(max_length=32)
    entity_id = fields.UUIDField()
    name = fields.CharField(max_length=200)
    media_type = fields.CharField(max_length=80)
    size_bytes = fields.IntField()
    content_hash = fields.CharField(max_length=64)
    content = fields.BinaryField()
    added_at = InstantField(default=clock.now)
    added_by = fields.UUIDField(null=True)
    deleted_at = InstantField(null=True)

    class Meta:
        table = "attachment"
        app = "branch"
        indexes = [("entity", "entity_id")]
