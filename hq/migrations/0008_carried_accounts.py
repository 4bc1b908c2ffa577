from tortoise import migrations
from tortoise.migrations import operations as ops
from shared.clock import now
from shared.database.fields import InstantField
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("hq", "0007_exports")]

    initial = False

    operations = [
        ops.CreateModel(
            name="CarriedAccounts",
            fields=[
                ("branch", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=16)),
                ("standby_key", fields.CharField(max_length=80)),
                ("offer", fields.TextField(default="", unique=False)),
                ("number", fields.BigIntField(default=0)),
                ("bundle", fields.TextField(default="", unique=False)),
                ("kept_at", InstantField(default=now)),
            ],
            options={"table": "carried_accounts", "app": "hq", "pk_attr": "branch"},
            bases=["Model"],
        ),
    ]
