from tortoise import migrations
from tortoise.migrations import operations as ops
from shared.clock import now
from shared.database.fields import InstantField, JsonField
from shared.ids import new_id
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name="CalendarFeed",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("account_id", fields.UUIDField(unique=True)),
                ("token_hash", fields.CharField(unique=True, max_length=64)),
                ("created_at", InstantField()),
                ("read_at", InstantField(null=True)),
            ],
            options={"table": "calendar_feed", "app": "branch", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ImportJob",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("kind", fields.CharField(max_length=8)),
                ("folder", fields.CharField(default="", max_length=300)),
                ("title", fields.CharField(max_length=200)),
                ("state", fields.CharField(default="waiting", max_length=16)),
                ("run_id", fields.UUIDField(null=True, db_index=True)),
                ("started_by", fields.UUIDField(null=True)),
                ("started_by_name", fields.CharField(default="", max_length=120)),
                ("created_at", InstantField(default=now)),
                ("started_at", InstantField(null=True)),
                ("ended_at", InstantField(null=True)),
                ("beat_at", InstantField(null=True)),
                ("step", fields.CharField(default="", max_length=16)),
                ("done", fields.BigIntField(default=0)),
                ("total", fields.BigIntField(default=0)),
                ("account", JsonField(default=dict, generated=False, null=False, unique=False)),
                ("faults", JsonField(default=list, generated=False, null=False, unique=False)),
                ("notes", JsonField(default=list, generated=False, null=False, unique=False)),
                ("cancel_wanted", fields.BooleanField(default=False)),
            ],
            options={
                "table": "import_job",
                "app": "branch",
                "indexes": [Index(fields=["created_at", "id"]), Index(fields=["state", "beat_at"])],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ImportedRow",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("run_id", fields.UUIDField()),
                ("source", fields.CharField(max_length=40)),
                ("record", fields.CharField(max_length=16)),
                ("external_key", fields.CharField(max_length=200)),
                ("file", fields.CharField(default="", max_length=40)),
                ("line", fields.BigIntField(default=0)),
                ("row_id", fields.UUIDField()),
                ("action", fields.CharField(max_length=8)),
                ("revision", fields.IntField(default=1)),
                ("content", fields.CharField(default="", max_length=32)),
                ("changes", JsonField(null=True, generated=False, unique=False)),
                ("kept", fields.CharField(default="", max_length=8)),
            ],
            options={
                "table": "imported_row",
                "app": "branch",
                "indexes": [
                    Index(fields=["source", "record", "external_key"]),
                    Index(fields=["run_id", "record", "id"]),
                    Index(fields=["row_id", "run_id"]),
                ],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="NumberSeries",
            fields=[
                ("name", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ("last_number", fields.BigIntField(default=0)),
            ],
            options={"table": "number_series", "app": "branch", "pk_attr": "name"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ReplicationCheckpoint",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("epoch", fields.CharField(max_length=32)),
                ("seq", fields.BigIntField()),
                ("chain", fields.CharField(max_length=32)),
                ("digests", fields.TextField(default="{}", unique=False)),
            ],
            options={
                "table": "replication_checkpoint",
                "app": "branch",
                "unique_together": (("epoch", "seq"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ReplicationEpoch",
            fields=[
                ("epoch", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                ("base", fields.BigIntField(default=0)),
                ("chain", fields.CharField(default="00000000000000000000000000000000", max_length=32)),
                ("digests", fields.TextField(default="{}", unique=False)),
                ("until", fields.BigIntField(null=True)),
                ("origin_epoch", fields.CharField(default="", max_length=32)),
                ("origin_seq", fields.BigIntField(default=0)),
                ("origin_chain", fields.CharField(default="00000000000000000000000000000000", max_length=32)),
                ("reason", fields.CharField(default="first", max_length=16)),
                ("begun_at", InstantField(default=now)),
                ("told_at", InstantField(null=True)),
            ],
            options={"table": "replication_epoch", "app": "branch", "pk_attr": "epoch"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ReplicationIncoming",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("tbl", fields.CharField(max_length=64)),
                ("row_id", fields.CharField(max_length=64)),
                ("ver", fields.BigIntField()),
                ("op", fields.CharField(max_length=1)),
                ("row", fields.TextField(default="", unique=False)),
            ],
            options={
                "table": "replication_incoming",
                "app": "branch",
                "unique_together": (("tbl", "row_id"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ReplicationState",
            fields=[
                (
                    "id",
                    fields.IntField(generated=True, primary_key=True, default=1, unique=True, db_index=True),
                ),
                ("epoch", fields.CharField(max_length=32)),
                ("acked_seq", fields.BigIntField(default=0)),
                ("acked_at", InstantField(null=True)),
                ("contact_at", InstantField(null=True)),
                ("unreachable_since", InstantField(null=True)),
                ("safe_seq", fields.BigIntField(default=0)),
                ("pruned_seq", fields.BigIntField(default=0)),
                ("trouble", fields.CharField(default="", max_length=16)),
            ],
            options={"table": "replication_state", "app": "branch", "pk_attr": "id"},
            bases=["Model"],
        ),
    ]
