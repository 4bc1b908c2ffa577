from tortoise import migrations
from tortoise.migrations import operations as ops
from shared.clock import now
from shared.database.fields import InstantField, JsonField
from shared.ids import new_id
from tortoise import fields


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name="BranchCursor",
            fields=[
                ("branch", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=16)),
                ("epoch", fields.CharField(default="", max_length=32)),
                ("seq", fields.BigIntField(default=0)),
                ("chain", fields.CharField(default="00000000000000000000000000000000", max_length=32)),
                ("digests", JsonField(default=dict, generated=False, null=False, unique=False)),
                ("head_seq", fields.BigIntField(default=0)),
                ("applied_at", InstantField(null=True)),
                ("contact_at", InstantField(null=True)),
                ("complete_at", InstantField(null=True)),
                ("unproven", JsonField(default=dict, generated=False, null=False, unique=False)),
                ("status", fields.CharField(default="normal", max_length=16)),
                ("wire_bytes", fields.BigIntField(default=0)),
                ("row_count", fields.BigIntField(default=0)),
                ("replay", fields.TextField(default="", unique=False)),
            ],
            options={"table": "branch_cursor", "app": "hq", "pk_attr": "branch"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="BranchNode",
            fields=[
                ("branch", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=16)),
                ("name", fields.CharField(default="", max_length=120)),
                ("public_key", fields.CharField(max_length=80)),
                ("status", fields.CharField(default="active", max_length=16)),
                ("enrolled_at", InstantField(default=now)),
                ("revoked_at", InstantField(null=True)),
            ],
            options={"table": "branch_node", "app": "hq", "pk_attr": "branch"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="EnrolmentToken",
            fields=[
                ("token_hash", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("branch", fields.CharField(max_length=16)),
                ("name", fields.CharField(default="", max_length=120)),
                ("created_at", InstantField(default=now)),
                ("expires_at", InstantField()),
                ("used_at", InstantField(null=True)),
            ],
            options={"table": "enrolment_token", "app": "hq", "pk_attr": "token_hash"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="HqPerson",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("name", fields.CharField(max_length=80)),
                ("email", fields.CharField(default="", max_length=200)),
                ("roles", JsonField(default=list, generated=False, null=False, unique=False)),
                ("grants", JsonField(default=dict, generated=False, null=False, unique=False)),
                ("branches", JsonField(null=True, generated=False, unique=False)),
                ("timezone", fields.CharField(default="Asia/Shanghai", max_length=64)),
                ("active", fields.BooleanField(default=True)),
                ("created_at", InstantField(default=now)),
                ("changed_at", InstantField(null=True)),
            ],
            options={"table": "hq_person", "app": "hq", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="QuarantinedChange",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("branch", fields.CharField(db_index=True, max_length=16)),
                ("epoch", fields.CharField(max_length=32)),
                ("seq", fields.BigIntField()),
                ("tbl", fields.CharField(max_length=64)),
                ("row_id", fields.CharField(max_length=64)),
                ("op", fields.CharField(max_length=1)),
                ("schema_version", fields.IntField(default=1)),
                ("row_after", fields.TextField(null=True, unique=False)),
                ("reason", fields.CharField(max_length=16)),
                ("error", fields.TextField(default="", unique=False)),
                ("received_at", InstantField(default=now)),
                ("settled_at", InstantField(null=True)),
            ],
            options={"table": "quarantined_change", "app": "hq", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Tombstone",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("branch", fields.CharField(max_length=16)),
                ("tbl", fields.CharField(max_length=64)),
                ("row_id", fields.CharField(max_length=36)),
                ("ver", fields.BigIntField()),
            ],
            options={
                "table": "tombstone",
                "app": "hq",
                "unique_together": (("branch", "tbl", "row_id"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
    ]
