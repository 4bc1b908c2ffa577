from tortoise import migrations
from tortoise.migrations import operations as ops
from shared.clock import now
from shared.database.fields import InstantField, JsonField
from shared.ids import new_id
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("hq", "0006_packs")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Export",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("person_id", fields.UUIDField(db_index=True)),
                ("kind", fields.CharField(max_length=24)),
                ("first_day", fields.DateField(null=True)),
                ("last_day", fields.DateField(null=True)),
                ("wanted", JsonField(null=True, generated=False, unique=False)),
                ("branches", JsonField(null=True, generated=False, unique=False)),
                ("locale", fields.CharField(default="zh_CN", max_length=8)),
                ("status", fields.CharField(default="waiting", max_length=8)),
                ("total", fields.BigIntField(default=0)),
                ("done", fields.BigIntField(default=0)),
                ("size_bytes", fields.BigIntField(default=0)),
                ("created_at", InstantField(default=now)),
                ("touched_at", InstantField(default=now)),
                ("ended_at", InstantField(null=True)),
                ("trouble", fields.CharField(default="", max_length=300)),
            ],
            options={
                "table": "hq_export",
                "app": "hq",
                "indexes": [Index(fields=["status", "touched_at"])],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
    ]
