from tortoise import migrations
from tortoise.migrations import operations as ops
from shared.database.fields import InstantField


class Migration(migrations.Migration):
    dependencies = [("hq", "0009_audit_chain")]

    initial = False

    operations = [
        ops.AddField(
            model_name="BranchCursor",
            name="first_at",
            field=InstantField(null=True),
        ),
    ]
