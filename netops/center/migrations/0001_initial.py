from tortoise import migrations
from tortoise.migrations import operations as ops
from shared.clock import now
from shared.database.fields import InstantField, JsonField
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name="Incident",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("node", fields.CharField(max_length=64)),
                ("service", fields.CharField(max_length=64)),
                ("kind", fields.CharField(max_length=16)),
                ("opened_at", InstantField()),
                ("closed_at", InstantField(null=True)),
                ("exit", fields.CharField(default="", max_length=80)),
                ("detail", fields.TextField(default="", unique=False)),
                ("last_lines", JsonField(default=list, generated=False, null=False, unique=False)),
                ("tries", fields.IntField(default=0)),
            ],
            options={
                "table": "incident",
                "app": "center",
                "indexes": [Index(fields=["closed_at", "opened_at"])],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LogLine",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("node", fields.CharField(max_length=64)),
                ("service", fields.CharField(max_length=64)),
                ("source", fields.CharField(max_length=64)),
                ("host_boot", fields.CharField(max_length=64)),
                ("inode", fields.BigIntField()),
                ("generation", fields.IntField()),
                ("start_byte", fields.BigIntField()),
                ("at", InstantField()),
                ("level", fields.CharField(default="info", max_length=16)),
                ("event", fields.CharField(default="", max_length=200)),
                ("text", fields.TextField(default="", unique=False)),
            ],
            options={
                "table": "log_line",
                "app": "center",
                "unique_together": (
                    ("node", "service", "source", "host_boot", "inode", "generation", "start_byte"),
                ),
                "indexes": [Index(fields=["node", "at"]), Index(fields=["at"])],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Node",
            fields=[
                ("name", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("role", fields.CharField(default="", max_length=32)),
                ("public_key", fields.CharField(max_length=80)),
                ("status", fields.CharField(default="active", max_length=16)),
                ("enrolled_at", InstantField(default=now)),
                ("replay", fields.TextField(default="", unique=False)),
                ("hello", JsonField(null=True, generated=False, unique=False)),
                ("state", JsonField(null=True, generated=False, unique=False)),
                ("last_sample", JsonField(null=True, generated=False, unique=False)),
                ("received_at", InstantField(null=True)),
            ],
            options={"table": "node", "app": "center", "pk_attr": "name"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Recovery",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("node", fields.CharField(max_length=64)),
                ("service", fields.CharField(max_length=64)),
                ("cause", fields.CharField(max_length=16)),
                ("action", fields.CharField(max_length=32)),
                ("outcome", fields.CharField(max_length=16)),
                ("exit", fields.CharField(default="", max_length=80)),
                ("detail", fields.TextField(default="", unique=False)),
                ("detected_at", InstantField()),
                ("ready_at", InstantField(null=True)),
                ("stable_at", InstantField(null=True)),
                ("ready_micros", fields.BigIntField(null=True)),
            ],
            options={
                "table": "recovery",
                "app": "center",
                "indexes": [Index(fields=["detected_at"]), Index(fields=["node", "detected_at"])],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Sample",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("node", fields.CharField(max_length=64)),
                ("at", InstantField()),
                ("values", JsonField(default=dict, generated=False, null=False, unique=False)),
            ],
            options={
                "table": "sample",
                "app": "center",
                "unique_together": (("node", "at"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
    ]
