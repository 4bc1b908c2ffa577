"""The secret addresses under which people subscribe to their own calendar."""

from tortoise import fields
from tortoise.models import Model

from shared.database.fields import InstantField
from shared.ids import new_id


class CalendarFeed(Model):
    """One account's calendar address. Only the SHA-256 of the secret is kept; a new address ends the old one."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    account_id = fields.UUIDField(unique=True)
    token_hash = fields.CharField(max_length=64, unique=True)
    created_at = InstantField()
    read_at = InstantField(null=True)

    class Meta:
        table = "calendar_feed"
        app = "branch"
