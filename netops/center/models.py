"""The center's own tables: nodes and the last word of each, samples, recoveries, incidents, log lines."""

from tortoise import fields
from tortoise.models import Model

from shared import clock
from shared.database import DatabaseApp
from shared.database.fields import InstantField, JsonField

CENTER_APP = DatabaseApp("center", ("netops.center.models",), "netops.center.migrations")


class Node(Model):
    """A node that may report. `state` and `hello` are its last ones; `received_at` is the center's clock then."""

    name = fields.CharField(max_length=64, primary_key=True)
    role = fields.CharField(max_length=32, default="")
    public_key = fields.CharField(max_length=80)
    status = fields.CharField(max_length=16, default="active")
    enrolled_at = InstantField(default=clock.now)
    replay = fields.TextField(default="")
    hello = JsonField(null=True)
    state = JsonField(null=True)
    last_sample = JsonField(null=True)
    received_at = InstantField(null=True)

    class Meta:
        table = "node"


class Sample(Model):
    """One instant of a node: values by metric name, in the units that its hello names."""

    id = fields.BigIntField(primary_key=True, generated=True)
    node = fields.CharField(max_length=64)
    at = InstantField()
    values = JsonField(default=dict)

    class Meta:
        table = "sample"
        unique_together = (("node", "at"),)


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
    ready_micros = fields.BigIntField(null=True)

    class Meta:
        table = "recovery"
        indexes = [("detected_at",), ("node", "detected_at")]


class Incident(Model):
    """A trouble that waits for a person; closed by the agent when the cause is gone."""

    id = fields.CharField(max_length=64, primary_key=True)
    node = fields.CharField(max_length=64)
    service = fields.CharField(max_length=64)
    kind = fields.CharField(max_length=16)
    opened_at = InstantField()
    closed_at = InstantField(null=True)
    exit = fields.CharField(max_length=80, default="")
    detail = fields.TextField(default="")
    last_lines = JsonField(default=list)
    tries = fields.IntField(default=0)

    class Meta:
        table = "incident"
        indexes = [("closed_at", "opened_at")]


class LogLine(Model):
    """One line of a service's log; the natural key makes a line sent twice one line."""

    id = fields.BigIntField(primary_key=True, generated=True)
    node = fields.CharField(max_length=64)
    service = fields.CharField(max_length=64)
    source = fields.CharField(max_length=64)
    host_boot = fields.CharField(max_length=64)
    inode = fields.BigIntField()
    generation = fields.IntField()
    start_byte = fields.BigIntField()
    at = InstantField()
    level = fields.CharField(max_length=16, default="info")
    event = fields.CharField(max_length=200, default="")
    text = fields.TextField(default="")

    class Meta:
        table = "log_line"
        unique_together = (("node", "service", "source", "host_boot", "inode", "generation", "start_byte"),)
        indexes = [("node", "at"), ("at",)]
