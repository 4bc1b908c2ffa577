"""The table of files that jobs make."""

from tortoise import fields
from tortoise.models import Model

from shared import clock
from shared.database.fields import InstantField, JsonField
from shared.ids import new_id


class Export(Model):
    """A file that `person_id` asked for (waiting, running, done, failed, gone). `branches` is what the person saw when it was
    made (null: all); `touched_at` moves on while somebody writes it."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    person_id = fields.UUIDField(db_index=True)
    kind = fields.CharField(max_length=24)
    first_day = fields.DateField(null=True)
    last_day = fields.DateField(null=True)
    wanted = JsonField(null=True)
    branches = JsonField(null=True)
    locale = fields.CharField(max_length=8, default="zh_CN")
    status = fields.CharField(max_length=8, default="waiting")
    total = fields.BigIntField(default=0)
    done = fields.BigIntField(default=0)
    size_bytes = fields.BigIntField(default=0)
    created_at = InstantField(default=clock.now)
    touched_at = InstantField(default=clock.now)
    ended_at = InstantField(null=True)
    trouble = fields.CharField(max_length=300, default="")

    class Meta:
        table = "hq_export"
        app = "hq"
        indexes = [("status", "touched_at")]
