from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("center", "0001_initial")]

    initial = False

    operations = [
        ops.AddField(
            model_name="MaintenanceWindow",
            name="zone",
            field=fields.CharField(default="UTC", db_default="UTC", max_length=64),
        ),
    ]
