from tortoise import migrations
from tortoise.migrations import operations as ops
from shared.clock import now
from shared.database.fields import InstantField, JsonField
from shared.ids import new_id
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("hq", "0005_shares")]

    initial = False

    operations = [
        ops.CreateModel(
            name="MailFile",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("mail_id", fields.UUIDField(db_index=True)),
                ("name", fields.CharField(max_length=200)),
                ("media_type", fields.CharField(max_length=120)),
                ("content", fields.BinaryField()),
            ],
            options={"table": "hq_mail_file", "app": "hq", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="OutgoingMail",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("occasion", fields.CharField(unique=True, max_length=120)),
                ("to_address", fields.CharField(max_length=254)),
                ("to_name", fields.CharField(default="", max_length=120)),
                ("subject", fields.CharField(max_length=300)),
                ("body", fields.TextField(default="", unique=False)),
                ("locale", fields.CharField(default="zh_CN", max_length=8)),
                ("status", fields.CharField(default="waiting", max_length=8)),
                ("tries", fields.IntField(default=0)),
                ("next_try_at", InstantField(default=now)),
                ("sent_at", InstantField(null=True)),
                ("trouble", fields.CharField(default="", max_length=300)),
                ("created_at", InstantField(default=now)),
            ],
            options={
                "table": "hq_mail",
                "app": "hq",
                "indexes": [Index(fields=["status", "next_try_at"])],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Pack",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("name", fields.CharField(max_length=80)),
                ("owner_id", fields.UUIDField(db_index=True)),
                ("owner_name", fields.CharField(max_length=80)),
                ("views", JsonField(default=list, generated=False, null=False, unique=False)),
                ("branches", JsonField(null=True, generated=False, unique=False)),
                ("recipients", JsonField(default=list, generated=False, null=False, unique=False)),
                ("rhythm", fields.CharField(max_length=8)),
                ("weekday", fields.IntField(default=1)),
                ("month_day", fields.IntField(default=1)),
                ("at_time", fields.CharField(default="07:30", max_length=5)),
                ("locale", fields.CharField(default="zh_CN", max_length=8)),
                ("with_pdf", fields.BooleanField(default=True)),
                ("with_xlsx", fields.BooleanField(default=False)),
                ("active", fields.BooleanField(default=True)),
                ("since", InstantField(default=now)),
                ("created_at", InstantField(default=now)),
            ],
            options={"table": "hq_pack", "app": "hq", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PackRun",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("occasion", fields.CharField(unique=True, max_length=120)),
                ("pack_id", fields.UUIDField(db_index=True)),
                ("person_id", fields.UUIDField()),
                ("person_name", fields.CharField(default="", max_length=80)),
                ("period", fields.CharField(max_length=24)),
                ("status", fields.CharField(default="waiting", max_length=8)),
                ("claimed_at", InstantField(default=now)),
                ("made_at", InstantField(null=True)),
                ("mail_id", fields.UUIDField(null=True)),
                ("trouble", fields.CharField(default="", max_length=300)),
            ],
            options={
                "table": "hq_pack_run",
                "app": "hq",
                "indexes": [Index(fields=["status", "claimed_at"])],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
    ]
