"""The center's own records: nodes, what happened to them, who was told, what operators did.

What nodes measure and log is in the telemetry store (netops/center/telemetry), not here.
"""

from tortoise import fields
from tortoise.models import Model

from shared import clock
from shared.database import DatabaseApp
from shared.database.fields import InstantField, JsonField
from shared.ids import new_id

CENTER_APP = DatabaseApp(
    "center",
    ("netops.center.models", "netops.center.commands.models", "netops.center.audit.models"),
    "netops.center.migrations",
)


class Node(Model):
    """A node that may report. `behind` is the node through which its line runs (empty: its own line); topology mutes what
    lies behind a cut line."""

    name = fields.CharField(max_length=64, primary_key=True)
    role = fields.CharField(max_length=32, default="")
    branch = fields.CharField(max_length=32, default="")
    behind = fields.CharField(max_length=64, default="")
    public_key = fields.CharField(max_length=80)
    next_public_key = fields.CharField(max_length=80, default="")
    """Set while the node changes its key: both hold until the first request under this one."""
    status = fields.CharField(max_length=16, default="active")
    enrolled_at = InstantField(default=clock.now)
    revoked_at = InstantField(null=True)

    class Meta:
        table = "node"


class EnrolmentToken(Model):
    """Lets one node enrol itself, once, within its time; only its hash is kept. `replaces`: the node is known already and
    lost its key. `tries` counts refusals; five use it up."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    token_hash = fields.CharField(max_length=64, unique=True)
    node = fields.CharField(max_length=64)
    branch = fields.CharField(max_length=32, default="")
    role = fields.CharField(max_length=32, default="")
    issued_by = fields.CharField(max_length=80)
    issued_at = InstantField(default=clock.now)
    expires_at = InstantField()
    used_at = InstantField(null=True)
    replaces = fields.BooleanField(default=False)
    tries = fields.IntField(default=0)

    class Meta:
        table = "node_token"
        indexes = [("expires_at",)]


class Recovery(Model):
    """One failure and what the agent did about it; written again when a time is added."""

    id = fields.CharField(max_length=64, primary_key=True)
    node = fields.CharField(max_length=64)
    service = fields.CharField(max_length=64)
    cause = fields.CharField(max_length=16)
    action = fields.CharField(max_length=32)
    outcome = fields.CharField(max_length=16)
    exit = fields.CharField(max_length=80, default="")
    detail = fields.TextField(default="")
    detected_at = InstantField()
    ready_at = InstantField(null=True)
    stable_at = InstantField(null=True)
    detect_micros = fields.BigIntField(null=True)
    act_micros = fields.BigIntField(null=True)
    ready_micros = fields.BigIntField(null=True)

    class Meta:
        table = "recovery"
        indexes = [("detected_at",), ("node", "detected_at")]


class Incident(Model):
    """A trouble of one cause, with every node it holds. Opened and closed by an agent (crash_loop, unhealthy, resource,
    given_up) or by the center (rule, silent, line_down, center); what persons do with it stands in IncidentEvent, too."""

    id = fields.CharField(max_length=64, primary_key=True)
    number = fields.BigIntField(unique=True)
    kind = fields.CharField(max_length=16)
    cause = fields.CharField(max_length=160)
    """What it is about, unique among the open ones: "rule 3 gz-db1", "line GZ", "agent <id>"."""
    severity = fields.IntField(default=2)
    node = fields.CharField(max_length=64, default="")
    branch = fields.CharField(max_length=32, default="")
    service = fields.CharField(max_length=64, default="")
    nodes = JsonField(default=list)
    facts = JsonField(default=dict)
    """Values for its sentence: metric, value, limit, seconds."""
    opened_at = InstantField()
    closed_at = InstantField(null=True)
    acknowledged_at = InstantField(null=True)
    acknowledged_by = fields.CharField(max_length=80, default="")
    assigned_to = fields.CharField(max_length=80, default="")
    snoozed_until = InstantField(null=True)
    escalated_at = InstantField(null=True)
    is_history = fields.BooleanField(default=False)
    """It came from a spool: it fills the record and tells nobody."""
    is_muted = fields.BooleanField(default=False)
    """It began in a maintenance window: recorded, told to nobody."""
    caused_by = fields.CharField(max_length=64, default="", db_default="")
    """The id of the incident that explains it; that one is told, this one is not. It stays when the incident is over."""
    known_at = InstantField(default=clock.now)
    """The center's clock when it heard of it, or that it is back; `opened_at` is the node's for what an agent found."""
    told = JsonField(default=dict)
    """By channel: [micros of the last telling while open, micros of the telling of its end]."""
    exit = fields.CharField(max_length=80, default="")
    detail = fields.TextField(default="")
    last_lines = JsonField(default=list)
    tries = fields.IntField(default=0)

    class Meta:
        table = "incident"
        indexes = [("closed_at", "opened_at"), ("cause", "closed_at"), ("node", "opened_at")]


class IncidentEvent(Model):
    """A line of an incident's timeline: what was seen, decided, done, told."""

    id = fields.BigIntField(primary_key=True, generated=True)
    incident = fields.CharField(max_length=64)
    at = InstantField()
    kind = fields.CharField(max_length=24)
    actor = fields.CharField(max_length=80, default="")
    facts = JsonField(default=dict)
    text = fields.TextField(default="")

    class Meta:
        table = "incident_event"
        indexes = [("incident", "at")]


class AlertRule(Model):
    """A rule as people set it; netops/center/alerts/rules.py says what it means. Limits are in the metric's unit for above
    and below, in deviations for a deviation from the baseline."""

    id = fields.IntField(primary_key=True, generated=True)
    name = fields.CharField(max_length=80)
    metric = fields.CharField(max_length=120)
    kind = fields.CharField(max_length=16, default="above")
    roles = fields.CharField(max_length=200, default="")
    nodes = fields.CharField(max_length=200, default="")
    window_seconds = fields.IntField(default=300)
    fire_at = fields.FloatField()
    clear_at = fields.FloatField()
    least_change = fields.FloatField(default=0.0)
    for_seconds = fields.IntField(default=180)
    keep_seconds = fields.IntField(default=300)
    severity = fields.IntField(default=2)
    advice = fields.CharField(max_length=300, default="")
    is_enabled = fields.BooleanField(default=True)
    changed_at = InstantField(default=clock.now)

    class Meta:
        table = "alert_rule"


class OfferedRule(Model):
    """A default rule that this center has been given once, by its key; whatever people did with it since."""

    key = fields.CharField(max_length=40, primary_key=True)
    offered_at = InstantField(default=clock.now)

    class Meta:
        table = "alert_rule_offered"


class MaintenanceWindow(Model):
    """Time in which alerts of these nodes stay quiet and their agents know it. `repeats` is "", "daily", "weekly" or
    "monthly", by the clock on the wall of `zone`."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    branch = fields.CharField(max_length=32, default="")
    node = fields.CharField(max_length=64, default="")
    starts_at = InstantField()
    ends_at = InstantField()
    repeats = fields.CharField(max_length=8, default="")
    zone = fields.CharField(max_length=64, default="UTC", db_default="UTC")
    reason = fields.CharField(max_length=300)
    made_by = fields.CharField(max_length=80)
    made_at = InstantField(default=clock.now)
    ended_at = InstantField(null=True)

    class Meta:
        table = "maintenance_window"
        indexes = [("ends_at",)]


class Channel(Model):
    """Where notifications go: an address that Apprise understands, of an allowed scheme. The address is a secret."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    name = fields.CharField(max_length=80, unique=True)
    address = fields.TextField()
    least_severity = fields.IntField(default=2)
    """1 tells only the gravest, 3 everything."""
    locale = fields.CharField(max_length=8, default="zh_CN")
    is_for_escalation = fields.BooleanField(default=False)
    is_enabled = fields.BooleanField(default=True)

    class Meta:
        table = "channel"


class Notice(Model):
    """A notification on its way: written with what it tells, claimed by one sender (`owner`), then sent or tried again."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    channel = fields.UUIDField()
    kind = fields.CharField(max_length=16)
    incidents = JsonField(default=list)
    subject = fields.CharField(max_length=200)
    body = fields.TextField()
    made_at = InstantField(default=clock.now)
    due_at = InstantField(default=clock.now)
    state = fields.CharField(max_length=12, default="waiting")
    owner = fields.CharField(max_length=64, default="")
    owned_at = InstantField(null=True)
    tries = fields.IntField(default=0)
    sent_at = InstantField(null=True)
    error = fields.CharField(max_length=300, default="")

    class Meta:
        table = "notice"
        indexes = [("state", "due_at"), ("channel", "made_at")]


class AuditEntry(Model):
    """What an operator did, chained: `hash` covers the entry and the hash before (shared.nodes.command.audit_hash)."""

    seq = fields.BigIntField(primary_key=True, generated=False)
    at = InstantField()
    actor = fields.CharField(max_length=80)
    action = fields.CharField(max_length=48)
    subject = fields.CharField(max_length=160, default="")
    reason = fields.CharField(max_length=500, default="")
    facts = JsonField(default=dict)
    hash = fields.CharField(max_length=64)

    class Meta:
        table = "operator_act"
        indexes = [("subject", "seq")]
