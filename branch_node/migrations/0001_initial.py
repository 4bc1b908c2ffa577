from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name="NumberSeries",
            fields=[
                ("name", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ("last_number", fields.BigIntField(default=0)),
            ],
            options={"table": "number_series", "app": "branch", "pk_attr": "name"},
            bases=["Model"],
        ),
    ]
