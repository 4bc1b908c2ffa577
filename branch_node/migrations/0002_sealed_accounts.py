from tortoise import migrations
from tortoise.migrations import operations as ops
from shared.database.fields import InstantField
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("branch", "0001_initial")]

    initial = False

    operations = [
        ops.CreateModel(
            name="AccountSealing",
            fields=[
                (
                    "id",
                    fields.IntField(generated=True, primary_key=True, default=1, unique=True, db_index=True),
                ),
                ("secret", fields.CharField(default="", max_length=64)),
                ("invited_at", InstantField(null=True)),
                ("offer", fields.TextField(default="", unique=False)),
                ("number", fields.BigIntField(default=0)),
                ("digest", fields.CharField(default="", max_length=32)),
                ("sealed_at", InstantField(null=True)),
            ],
            options={"table": "account_sealing", "app": "branch", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SealedAccounts",
            fields=[
                (
                    "id",
                    fields.IntField(generated=True, primary_key=True, default=1, unique=True, db_index=True),
                ),
                ("branch_key", fields.CharField(max_length=80)),
                ("offer", fields.TextField(unique=False)),
                ("number", fields.BigIntField(default=0)),
                ("bundle", fields.TextField(default="", unique=False)),
                ("sealed_at", InstantField(null=True)),
                ("opened_at", InstantField(null=True)),
            ],
            options={"table": "sealed_accounts", "app": "branch", "pk_attr": "id"},
            bases=["Model"],
        ),
    ]
