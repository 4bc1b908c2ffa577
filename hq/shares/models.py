"""The table of shared links; a link itself is shown once and kept as a hash."""

from tortoise import fields
from tortoise.models import Model

from shared import clock
from shared.database.fields import InstantField, JsonField
from shared.ids import new_id


class Share(Model):
    """A view that `person_id` shared. `branches` is what the sharer saw then (null: all); `is_public` opens it without
    signing in. It is dead when revoked, expired, or when its sharer is locked out."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    token_hash = fields.CharField(max_length=64, unique=True)
    address = fields.CharField(max_length=600)
    title = fields.CharField(max_length=120)
    person_id = fields.UUIDField(db_index=True)
    person_name = fields.CharField(max_length=80)
    branches = JsonField(null=True)
    is_public = fields.BooleanField(default=False)
    created_at = InstantField(default=clock.now)
    expires_at = InstantField()
    revoked_at = InstantField(null=True)
    opened_at = InstantField(null=True)
    opened_count = fields.IntField(default=0)

    class Meta:
        table = "hq_share"
        app = "hq"
