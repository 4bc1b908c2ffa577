"""Headquarters' own tables, which never leave it; what branches send is in shared/records."""

from tortoise import fields
from tortoise.models import Model

from shared import clock
from shared.database import DatabaseApp
from shared.database.fields import InstantField, JsonField
from shared.ids import new_id

HQ_APP = DatabaseApp(
    "hq", ("hq.models", "hq.replication.models", "hq.replication.feed_models"), "hq.migrations"
)


class HqPerson(Model):
    """Somebody who reads at headquarters. An account of shared.web points here by its person_id.

    `roles` are codes of shared.permissions.ROLES placed at "hq"; `grants` adds single rights (action -> scope);
    `branches` are the branch codes that this person sees, null meaning all of them. Everything this
    person sees, exports or is told live is bounded by it.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    name = fields.CharField(max_length=80)
    email = fields.CharField(max_length=200, default="")
    roles = JsonField(default=list)
    grants = JsonField(default=dict)
    branches = JsonField(null=True)
    timezone = fields.CharField(max_length=64, default="Asia/Shanghai")
    active = fields.BooleanField(default=True)
    created_at = InstantField(default=clock.now)
    changed_at = InstantField(null=True)

    class Meta:
        table = "hq_person"


class Warning(Model):
    """Something that an executive should know of, kept from when it was first seen until it is over.

    `key` names the matter, so that the same one is one row; `values` are what its sentence says (hq.warnings.rules).
    A matter that comes back after it was cleared is a new row."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    key = fields.CharField(max_length=120, db_index=True)
    kind = fields.CharField(max_length=24)
    branch = fields.CharField(max_length=16, default="")
    severity = fields.IntField(default=2)
    values = JsonField(default=dict)
    url = fields.CharField(max_length=300, default="")
    seen_at = InstantField(default=clock.now)
    checked_at = InstantField(default=clock.now)
    cleared_at = InstantField(null=True)
    acknowledged_at = InstantField(null=True)
    acknowledged_by = fields.CharField(max_length=80, default="")
    assigned_to = fields.CharField(max_length=80, default="")
    is_false_alarm = fields.BooleanField(default=False)

    class Meta:
        table = "hq_warning"


class NewsFeed(Model):
    """A source of industry news: RSS or Atom at an http(s) address; `shares` sends its items to every branch at once."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    name = fields.CharField(max_length=120)
    url = fields.CharField(max_length=500, unique=True)
    shares = fields.BooleanField(default=False)
    active = fields.BooleanField(default=True)
    etag = fields.CharField(max_length=200, default="")
    modified = fields.CharField(max_length=80, default="")
    checked_at = InstantField(null=True)
    error = fields.CharField(max_length=300, default="")
    created_at = InstantField(default=clock.now)

    class Meta:
        table = "hq_news_feed"


class FeedItem(Model):
    """An item of a feed that nobody has shared yet, or has (`news_id`); the same item is kept once."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    feed: fields.ForeignKeyRelation[NewsFeed] = fields.ForeignKeyField(
        "hq.NewsFeed", related_name="items", on_delete=fields.OnDelete.CASCADE
    )
    mark = fields.CharField(max_length=64, unique=True)
    title = fields.CharField(max_length=300)
    link = fields.CharField(max_length=500, default="")
    summary = fields.TextField(default="")
    published_at = InstantField(db_index=True)
    news_id = fields.UUIDField(null=True)

    class Meta:
        table = "hq_feed_item"


class ReportPlan(Model):
    """A pack that is made by itself: how often, in which language, with whose scope, and to whom it goes by mail."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    name = fields.CharField(max_length=120)
    every = fields.CharField(max_length=8)
    locale = fields.CharField(max_length=8, default="zh_CN")
    person_id = fields.UUIDField()
    recipients = JsonField(default=list)
    active = fields.BooleanField(default=True)
    last_period = fields.CharField(max_length=24, default="")
    created_at = InstantField(default=clock.now)

    class Meta:
        table = "hq_report_plan"


class Report(Model):
    """A pack as it was made: it never changes. `body` is its html, `hash` the SHA-256 of it."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    plan_id = fields.UUIDField(null=True)
    person_id = fields.UUIDField()
    title = fields.CharField(max_length=200)
    period = fields.CharField(max_length=24)
    locale = fields.CharField(max_length=8)
    scope = fields.CharField(max_length=200)
    branches = JsonField(null=True)
    is_complete = fields.BooleanField(default=False)
    freshness = fields.TextField(default="")
    body = fields.TextField()
    hash = fields.CharField(max_length=64)
    made_at = InstantField(default=clock.now, db_index=True)

    class Meta:
        table = "hq_report"
        unique_together = (("plan_id", "period"),)


class OutboxMail(Model):
    """A mail that waits to be sent, was sent, or was given up; `key` makes one mail of many requests for it."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    key = fields.CharField(max_length=120, unique=True)
    to_address = fields.CharField(max_length=200)
    subject = fields.CharField(max_length=200)
    text = fields.TextField(default="")
    report_id = fields.UUIDField(null=True)
    status = fields.CharField(max_length=8, default="waiting")
    tries = fields.IntField(default=0)
    next_at = InstantField(default=clock.now)
    error = fields.CharField(max_length=300, default="")
    created_at = InstantField(default=clock.now)
    sent_at = InstantField(null=True)

    class Meta:
        table = "hq_outbox_mail"


class ExportRun(Model):
    """A long list on its way into a file: what was asked, how far it is, and where the file lies."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    person_id = fields.UUIDField()
    person_name = fields.CharField(max_length=80, default="")
    name = fields.CharField(max_length=40)
    query = fields.CharField(max_length=1000, default="")
    locale = fields.CharField(max_length=8, default="zh_CN")
    branches = JsonField(null=True)
    status = fields.CharField(max_length=12, default="waiting")
    done = fields.IntField(default=0)
    total = fields.IntField(null=True)
    error = fields.CharField(max_length=300, default="")
    created_at = InstantField(default=clock.now)
    ended_at = InstantField(null=True)

    class Meta:
        table = "hq_export_run"
