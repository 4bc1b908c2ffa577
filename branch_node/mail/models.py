"""The outbox: mails that were decided on in the transaction of what they tell, sent by a job afterwards."""

from tortoise import fields

from shared.outbox import Mail


class OutgoingMail(Mail):
    """A mail of a branch. `entity` and `entity_id` name the record that wants to know what became of it."""

    entity = fields.CharField(max_length=32, default="")
    entity_id = fields.UUIDField(null=True)

    class Meta:
        table = "outgoing_mail"
        app = "branch"
        indexes = [("status", "next_try_at"), ("entity", "entity_id")]
