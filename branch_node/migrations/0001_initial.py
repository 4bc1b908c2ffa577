from tortoise import migrations
from tortoise.migrations import operations as ops
from shared.database.fields import InstantField
from tortoise import fields


class Migration(migrations.Migration):
    initial = True

    operations = [
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
                ("seq", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("epoch", fields.CharField(max_length=32)),
                ("chain", fields.CharField(max_length=32)),
                ("digests", fields.TextField(default="{}", unique=False)),
            ],
            options={"table": "replication_checkpoint", "app": "branch", "pk_attr": "seq"},
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
                ("fork", fields.TextField(default="", unique=False)),
            ],
            options={"table": "replication_state", "app": "branch", "pk_attr": "id"},
            bases=["Model"],
        ),
    ]
