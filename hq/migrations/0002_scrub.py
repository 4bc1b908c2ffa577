from tortoise import migrations
from tortoise.migrations import operations as ops
from shared.clock import now
from shared.database.fields import InstantField, JsonField
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("hq", "0001_initial")]

    initial = False

    operations = [
        ops.CreateModel(
            name="ScrubRow",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("run_id", fields.BigIntField(db_index=True)),
                ("branch", fields.CharField(db_index=True, max_length=16)),
                ("tbl", fields.CharField(max_length=64)),
                ("row_id", fields.CharField(max_length=36)),
                ("kind", fields.CharField(max_length=16)),
                ("columns", JsonField(default=list, generated=False, null=False, unique=False)),
                ("before", fields.TextField(default="", unique=False)),
                ("after", fields.TextField(default="", unique=False)),
                ("status", fields.CharField(default="named", max_length=16)),
                ("error", fields.TextField(default="", unique=False)),
                ("found_at", InstantField(default=now)),
                ("mended_at", InstantField(null=True)),
            ],
            options={"table": "scrub_row", "app": "hq", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ScrubRun",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("branch", fields.CharField(db_index=True, max_length=16)),
                ("cause", fields.CharField(default="schedule", max_length=16)),
                ("is_mending", fields.BooleanField(default=True)),
                ("status", fields.CharField(default="equal", max_length=16)),
                ("tables", JsonField(default=list, generated=False, null=False, unique=False)),
                ("rows", fields.BigIntField(default=0)),
                ("milliseconds", fields.BigIntField(default=0)),
                ("begun_at", InstantField(default=now)),
                ("ended_at", InstantField(null=True)),
            ],
            options={"table": "scrub_run", "app": "hq", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.AddField(
            model_name="BranchCursor",
            name="scrub",
            field=fields.TextField(null=True, unique=False),
        ),
    ]
