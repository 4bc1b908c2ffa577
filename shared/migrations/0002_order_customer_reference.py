from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("records", "0001_initial")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Order",
            name="customer_reference",
            field=fields.CharField(default="", db_default="", max_length=80),
        ),
    ]
