"""What a node keeps while it is rebuilt from headquarters or follows a branch, and a branch about its standby; this never leaves
the node."""

from tortoise import fields
from tortoise.models import Model

from shared.database.fields import InstantField, JsonField


class SnapshotState(Model):
    """One row, only where a database was filled from headquarters. `role`: rebuild | standby; `status`: fetching | whole
    (a copy at a position that headquarters proved) | open (a branch like every other).

    The present pass asks for changes after `after_seq` behind (`tbl`, `after_id`); it began at the cursor `pass_*` and
    `pass_moved` says that headquarters' cursor moved meanwhile, so that another pass must follow. (`epoch`, `seq`,
    `chain`) is the cursor of the last pass during which it stood still.
    """

    id = fields.IntField(primary_key=True, default=1)
    role = fields.CharField(max_length=16)
    status = fields.CharField(max_length=16, default="fetching")
    after_seq = fields.BigIntField(default=0)
    tbl = fields.CharField(max_length=64, default="")
    after_id = fields.CharField(max_length=64, default="")
    pass_epoch = fields.CharField(max_length=32, default="")
    pass_seq = fields.BigIntField(default=0)
    pass_chain = fields.CharField(max_length=32, default="")
    pass_moved = fields.BooleanField(default=False)
    epoch = fields.CharField(max_length=32, default="")
    seq = fields.BigIntField(default=0)
    chain = fields.CharField(max_length=32, default="0" * 32)
    digests = JsonField(default=dict)
    row_count = fields.BigIntField(default=0)
    total = fields.BigIntField(default=0)
    seen_at = InstantField(null=True)

    class Meta:
        table = "snapshot_state"


class AccountSealing(Model):
    """One row, only where a standby was invited: to whom this branch seals its accounts.

    `secret` is that of an invitation nobody answered yet (`invited_at`), `offer` the answer that was proved; one of the two is empty.
    `number` and `sealed_at` are of the last bundle made, `digest` that of what headquarters has; empty when it has nothing yet.
    """

    id = fields.IntField(primary_key=True, default=1)
    secret = fields.CharField(max_length=64, default="")
    invited_at = InstantField(null=True)
    offer = fields.TextField(default="")
    number = fields.BigIntField(default=0)
    digest = fields.CharField(max_length=32, default="")
    sealed_at = InstantField(null=True)

    class Meta:
        table = "account_sealing"


class SealedAccounts(Model):
    """Only at a standby that was invited: the branch's newest accounts, sealed until the promotion (`opened_at`). One row, and the
    one of the pairing before while the last has brought no accounts (accounts.PAIRING_BEFORE).

    `branch_key` is the branch's, as the invitation says; `offer` what this node answers it with; `number` is 0 while nothing came.
    """

    id = fields.IntField(primary_key=True, default=1)
    branch_key = fields.CharField(max_length=80)
    offer = fields.TextField()
    number = fields.BigIntField(default=0)
    bundle = fields.TextField(default="")
    sealed_at = InstantField(null=True)
    opened_at = InstantField(null=True)

    class Meta:
        table = "sealed_accounts"
