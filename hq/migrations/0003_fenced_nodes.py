from tortoise import migrations
from tortoise.migrations import operations as ops
from shared.clock import now
from shared.database.fields import InstantField
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("hq", "0002_scrub")]

    initial = False

    operations = [
        ops.CreateModel(
            name="FencedNode",
            fields=[
                ("public_key", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=80)),
                ("branch", fields.CharField(db_index=True, max_length=16)),
                ("epoch", fields.CharField(default="", max_length=32)),
                ("seq", fields.BigIntField(default=0)),
                ("chain", fields.CharField(default="00000000000000000000000000000000", max_length=32)),
                ("fenced_at", InstantField(default=now)),
                ("handed_at", InstantField(null=True)),
            ],
            options={"table": "fenced_node", "app": "hq", "pk_attr": "public_key"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="HandedRow",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("branch", fields.CharField(max_length=16)),
                ("tbl", fields.CharField(max_length=64)),
                ("row_id", fields.CharField(max_length=64)),
                ("before", fields.TextField(default="", unique=False)),
                ("after", fields.TextField(default="", unique=False)),
                ("handed_at", InstantField(default=now)),
                ("taken_at", InstantField(null=True)),
            ],
            options={
                "table": "handed_row",
                "app": "hq",
                "unique_together": (("branch", "tbl", "row_id"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
    ]
