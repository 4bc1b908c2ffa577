"""The outbox: mails that were decided on in the transaction of what they tell, sent by a job afterwards."""

from tortoise import fields
from tortoise.models import Model

from shared import clock
from shared.database.fields import InstantField
from shared.ids import new_id


class OutgoingMail(Model):
    """A mail (waiting, sent, failed, dropped). `occasion` is unique: what it is about is told once, whatever runs twice.

    `entity` and `entity_id` name the record that wants to know what became of it."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    occasion = fields.CharField(max_length=120, unique=True)
    to_address = fields.CharField(max_length=254)
    to_name = fields.CharField(max_length=120, default="")
    subject = fields.CharField(max_length=300)
    body = fields.TextField(default="")
    locale = fields.CharField(max_length=8, default="zh_CN")
    entity = fields.CharField(max_length=32, default="")
    entity_id = fields.UUIDField(null=True)
    status = fields.CharField(max_length=8, default="waiting")
    tries = fields.IntField(default=0)
    next_try_at = InstantField(default=clock.now)
    sent_at = InstantField(null=True)
    trouble = fields.CharField(max_length=300, default="")
    created_at = InstantField(default=clock.now)

    class Meta:
        table = "outgoing_mail"
        app = "branch"
        indexes = [("status", "next_try_at"), ("entity", "entity_id")]
