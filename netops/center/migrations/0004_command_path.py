from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("center", "0003_incident_cause")]

    initial = False

    operations = [
        ops.AddField(
            model_name="NodeCommand",
            name="path",
            field=fields.TextField(default="", db_default=""),
        ),
    ]
