from tortoise import migrations
from tortoise.migrations import operations as ops
from shared.clock import now
from shared.database.access import actor
from shared.database.fields import InstantField
from shared.ids import new_id
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("records", "0002_order_customer_reference")]

    initial = False

    operations = [
        ops.CreateModel(
            name="OrderShare",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("branch", fields.CharField(max_length=16)),
                ("ver", fields.BigIntField(default=0)),
                ("revision", fields.IntField(default=1)),
                ("recorded_at", InstantField(default=now)),
                ("recorded_by", fields.UUIDField(null=True, default=actor)),
                ("changed_at", InstantField(null=True)),
                ("changed_by", fields.UUIDField(null=True)),
                ("deleted_at", InstantField(null=True)),
                ("ext", fields.TextField(null=True, unique=False)),
                ("order_id", fields.UUIDField(db_index=True)),
                ("customer_id", fields.UUIDField(db_index=True)),
                ("position", fields.IntField(default=0)),
                ("employee_id", fields.UUIDField(db_index=True)),
                ("owner_id", fields.UUIDField(null=True)),
                ("department_id", fields.UUIDField(null=True)),
                ("share_bp", fields.IntField(default=0)),
                ("currency", fields.CharField(max_length=3)),
                ("amount_minor", fields.BigIntField(default=0)),
                ("base_minor", fields.BigIntField(default=0)),
                ("approved_on", fields.DateField(null=True)),
                ("shipped_on", fields.DateField(null=True)),
                ("cancelled_on", fields.DateField(null=True)),
            ],
            options={
                "table": "order_share",
                "app": "records",
                "indexes": [
                    Index(fields=["branch", "approved_on"]),
                    Index(fields=["branch", "cancelled_on"]),
                ],
                "pk_attr": "id",
            },
            bases=["Record"],
        ),
    ]
