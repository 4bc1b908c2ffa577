"""The outbox: mails decided on in the transaction of what they tell, sent by a job afterwards, with their files."""

from tortoise import fields
from tortoise.models import Model

from shared import clock
from shared.database.fields import InstantField
from shared.ids import new_id


class OutgoingMail(Model):
    """A mail (waiting, sent, failed). `occasion` is unique: what it is about is told once, whatever runs twice."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    occasion = fields.CharField(max_length=120, unique=True)
    to_address = fields.CharField(max_length=254)
    to_name = fields.CharField(max_length=120, default="")
    subject = fields.CharField(max_length=300)
    body = fields.TextField(default="")
    locale = fields.CharField(max_length=8, default="zh_CN")
    status = fields.CharField(max_length=8, default="waiting")
    tries = fields.IntField(default=0)
    next_try_at = InstantField(default=clock.now)
    sent_at = InstantField(null=True)
    trouble = fields.CharField(max_length=300, default="")
    created_at = InstantField(default=clock.now)

    class Meta:
        table = "hq_mail"
        app = "hq"
        indexes = [("status", "next_try_at")]


class MailFile(Model):
    """A file of a mail; forgotten once the mail is sent."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    mail_id = fields.UUIDField(db_index=True)
    name = fields.CharField(max_length=200)
    media_type = fields.CharField(max_length=120)
    content = fields.BinaryField()

    class Meta:
        table = "hq_mail_file"
        app = "hq"
