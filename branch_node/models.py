"""Tables that never leave the branch; what headquarters sees is in shared/records."""

from tortoise import fields
from tortoise.models import Model

from shared.database import DatabaseApp

BRANCH_APP = DatabaseApp(
    "branch",
    (
        "branch_node.models",
        "branch_node.replication.models",
        "branch_node.replication.inbox_models",
        "branch_node.replication.snapshot_models",
        "branch_node.imports.models",
        "branch_node.calendar.models",
        "branch_node.mail.models",
        "branch_node.notifications.models",
        "branch_node.attachments.models",
    ),
    "branch_node.migrations",
)


class NumberSeries(Model):
    """The last number given out in a series such as `customer` or `order-2026`."""

    name = fields.CharField(max_length=40, primary_key=True)
    last_number = fields.BigIntField(default=0)

    class Meta:
        table = "number_series"
