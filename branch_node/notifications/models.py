"""What somebody should know: shown in the frame of each page until read, and mailed to who wants it so."""

from tortoise import fields
from tortoise.models import Model

from shared import clock
from shared.database.fields import InstantField, JsonField
from shared.ids import new_id


class Notification(Model):
    """One message to one employee. `text` is a msgid with `params`, so that each reads it in his own language.

    `occasion` is unique together with the person: an occasion is told once, whatever runs twice."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    person_id = fields.UUIDField()
    occasion = fields.CharField(max_length=120)
    kind = fields.CharField(max_length=32)
    text = fields.CharField(max_length=300)
    params = JsonField(default=dict)
    url = fields.CharField(max_length=200, default="")
    created_at = InstantField(default=clock.now)
    read_at = InstantField(null=True)

    class Meta:
        table = "notification"
        app = "branch"
        unique_together = (("person_id", "occasion"),)
        indexes = [("person_id", "read_at", "created_at")]


class NoticeChoice(Model):
    """Who wants which kind of message by mail as well; without a row the kind's default holds."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    person_id = fields.UUIDField()
    kind = fields.CharField(max_length=32)
    by_mail = fields.BooleanField(default=False)

    class Meta:
        table = "notice_choice"
        app = "branch"
        unique_together = (("person_id", "kind"),)
