from tortoise import migrations
from tortoise.migrations import operations as ops
from shared.clock import now
from shared.database.fields import InstantField, JsonField
from shared.ids import new_id
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("hq", "0004_day_close")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Share",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("token_hash", fields.CharField(unique=True, max_length=64)),
                ("address", fields.CharField(max_length=600)),
                ("title", fields.CharField(max_length=120)),
                ("person_id", fields.UUIDField(db_index=True)),
                ("person_name", fields.CharField(max_length=80)),
                ("branches", JsonField(null=True, generated=False, unique=False)),
                ("is_public", fields.BooleanField(default=False)),
                ("created_at", InstantField(default=now)),
                ("expires_at", InstantField()),
                ("revoked_at", InstantField(null=True)),
                ("opened_at", InstantField(null=True)),
                ("opened_count", fields.IntField(default=0)),
            ],
            options={"table": "hq_share", "app": "hq", "pk_attr": "id"},
            bases=["Model"],
        ),
    ]
