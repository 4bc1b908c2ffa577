from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from shared.clock import now
from shared.database.fields import InstantField


class Migration(migrations.Migration):
    dependencies = [("center", "0004_command_path")]

    initial = False

    operations = [
        ops.CreateModel(
            name="OfferedRule",
            fields=[
                ("key", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ("offered_at", InstantField(default=now)),
            ],
            options={"table": "alert_rule_offered", "app": "center", "pk_attr": "key"},
            bases=["Model"],
        ),
    ]
