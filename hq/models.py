"""Headquarters' own tables, which never leave it; what branches send is in shared/records."""

from tortoise import fields
from tortoise.models import Model

from shared import clock
from shared.database import DatabaseApp
from shared.database.fields import InstantField, JsonField
from shared.ids import new_id

HQ_APP = DatabaseApp("hq", ("hq.models", "hq.replication.models"), "hq.migrations")


class HqPerson(Model):
    """Somebody who reads at headquarters. An account of shared.web points here by its person_id.

    `roles` are codes of shared.permissions.ROLES placed at "hq"; `grants` adds single rights (action -> scope);
    `branches` are the branch codes that this person sees, null meaning all of them. Everything this
    person sees, exports or is told live is bounded by it.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    name = fields.CharField(max_length=80)
    email = fields.CharField(max_length=200, default="")
    roles = JsonField(default=list)
    grants = JsonField(default=dict)
    branches = JsonField(null=True)
    timezone = fields.CharField(max_length=64, default="Asia/Shanghai")
    active = fields.BooleanField(default=True)
    created_at = InstantField(default=clock.now)
    changed_at = InstantField(null=True)

    class Meta:
        table = "hq_person"
