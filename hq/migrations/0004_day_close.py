from tortoise import migrations
from tortoise.migrations import operations as ops
from shared.clock import now
from shared.database.fields import InstantField, JsonField
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("hq", "0003_fenced_nodes")]

    initial = False

    operations = [
        ops.CreateModel(
            name="DayCloseCheck",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("branch", fields.CharField(max_length=16)),
                ("happened_on", fields.DateField()),
                ("ledger", fields.CharField(max_length=24)),
                ("state", fields.CharField(max_length=16)),
                ("row_count", fields.BigIntField(default=0)),
                ("sums", JsonField(default=dict, generated=False, null=False, unique=False)),
                ("row_hash", fields.CharField(default="", max_length=64)),
                ("stated_position", fields.BigIntField(default=0)),
                ("stated_hash", fields.CharField(default="", max_length=64)),
                ("checked_at", InstantField(default=now)),
            ],
            options={
                "table": "day_close_check",
                "app": "hq",
                "unique_together": (("branch", "happened_on", "ledger"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
    ]
