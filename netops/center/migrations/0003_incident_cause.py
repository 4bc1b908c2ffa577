from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("center", "0002_window_zone")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Incident",
            name="caused_by",
            field=fields.CharField(default="", db_default="", max_length=64),
        ),
    ]
