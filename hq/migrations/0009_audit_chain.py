from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("hq", "0008_carried_accounts")]

    initial = False

    operations = [
        ops.CreateModel(
            name="AuditHead",
            fields=[
                ("id", fields.IntField(primary_key=True, unique=True, db_index=True)),
                ("seq", fields.BigIntField(default=0)),
                ("chain", fields.CharField(max_length=32)),
            ],
            options={"table": "hq_audit_head", "app": "hq", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="AuditLink",
            fields=[
                ("seq", fields.BigIntField(primary_key=True, unique=True, db_index=True)),
                ("entry_id", fields.UUIDField(unique=True)),
                ("chain", fields.CharField(max_length=32)),
            ],
            options={"table": "hq_audit_link", "app": "hq", "pk_attr": "seq"},
            bases=["Model"],
        ),
    ]
