"""Headquarters' own tables, which never leave it; what branches send is in shared/records."""

from tortoise import fields
from tortoise.models import Model

from shared import clock
from shared.database import DatabaseApp
from shared.database.fields import InstantField, JsonField
from shared.ids import new_id

HQ_APP = DatabaseApp(
    "hq",
    (
        "hq.models",
        "hq.audit.models",
        "hq.exports.models",
        "hq.mail.models",
        "hq.reports.models",
        "hq.shares.models",
        "hq.replication.models",
        "hq.replication.feed_models",
    ),
    "hq.migrations",
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

    `key` names the matter, so that the same one is one row; `values` are what its sentence says (hq.warnings.words).
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
