"""The tables of packs and of their runs."""

from tortoise import fields
from tortoise.models import Model

from shared import clock
from shared.database.fields import InstantField, JsonField
from shared.ids import new_id


class Pack(Model):
    """Views (codes of rules.VIEWS) sent to people of headquarters at `at_time` of their own day: daily, weekly on
    `weekday` (1 Monday) or monthly on `month_day`. `branches` narrows everything (null: all that both owner and
    recipient may see). Occasions before `since` do not count."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    name = fields.CharField(max_length=80)
    owner_id = fields.UUIDField(db_index=True)
    owner_name = fields.CharField(max_length=80)
    views = JsonField(default=list)
    branches = JsonField(null=True)
    recipients = JsonField(default=list)
    rhythm = fields.CharField(max_length=8)
    weekday = fields.IntField(default=1)
    month_day = fields.IntField(default=1)
    at_time = fields.CharField(max_length=5, default="07:30")
    locale = fields.CharField(max_length=8, default="zh_CN")
    with_pdf = fields.BooleanField(default=True)
    with_xlsx = fields.BooleanField(default=False)
    active = fields.BooleanField(default=True)
    since = InstantField(default=clock.now)
    created_at = InstantField(default=clock.now)

    class Meta:
        table = "hq_pack"
        app = "hq"


class PackRun(Model):
    """One pack for one person and period (waiting, making, posted, failed); `occasion` is unique, so that a period is sent
    once. What became of the mail stands at the mail."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    occasion = fields.CharField(max_length=120, unique=True)
    pack_id = fields.UUIDField(db_index=True)
    person_id = fields.UUIDField()
    person_name = fields.CharField(max_length=80, default="")
    period = fields.CharField(max_length=24)
    status = fields.CharField(max_length=8, default="waiting")
    claimed_at = InstantField(default=clock.now)
    made_at = InstantField(null=True)
    mail_id = fields.UUIDField(null=True)
    trouble = fields.CharField(max_length=300, default="")

    class Meta:
        table = "hq_pack_run"
        app = "hq"
        indexes = [("status", "claimed_at")]
