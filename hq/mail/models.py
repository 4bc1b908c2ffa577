"""The outbox: mails decided on in the transaction of what they tell, sent by a job afterwards, with their files."""

from tortoise import fields
from tortoise.models import Model

from shared.ids import new_id
from shared.outbox import Mail


class OutgoingMail(Mail):
    """A mail of headquarters; none is dropped."""

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
