"""What headquarters keeps about the stream down."""

from tortoise import fields
from tortoise.models import Model

from shared import clock
from shared.database.fields import InstantField


class FeedState(Model):
    """One row: the epoch of headquarters' own log, from which the branches are fed."""

    id = fields.IntField(primary_key=True, default=1)
    epoch = fields.CharField(max_length=32)
    made_at = InstantField(default=clock.now)

    class Meta:
        table = "feed_state"


class FeedReader(Model):
    """How far a branch says it holds headquarters' own log: its acknowledgement. `replay` is the memory of its
    requests, `reset_at` when the position it held was last not found in the log."""

    branch = fields.CharField(max_length=16, primary_key=True)
    seq = fields.BigIntField(default=0)
    asked_at = InstantField(null=True)
    moved_at = InstantField(null=True)
    reset_at = InstantField(null=True)
    wire_bytes = fields.BigIntField(default=0)
    row_count = fields.BigIntField(default=0)
    replay = fields.TextField(default="")

    class Meta:
        table = "feed_reader"


class StandbyNode(Model):
    """A node that follows a branch and may take it over: its public key. One per branch; `status`: following | promoted.
    `replay` is the memory of its requests."""

    branch = fields.CharField(max_length=16, primary_key=True)
    public_key = fields.CharField(max_length=80)
    status = fields.CharField(max_length=16, default="following")
    enrolled_at = InstantField(default=clock.now)
    promoted_at = InstantField(null=True)
    replay = fields.TextField(default="")

    class Meta:
        table = "standby_node"


class CarriedAccounts(Model):
    """A branch's accounts on their way to its standby, as sealed texts that are carried and never read: the standby's `offer`, and
    the branch's newest `bundle` (`number`) for the standby whose key is `standby_key`. See shared.replication.sealing."""

    branch = fields.CharField(max_length=16, primary_key=True)
    standby_key = fields.CharField(max_length=80)
    offer = fields.TextField(default="")
    number = fields.BigIntField(default=0)
    bundle = fields.TextField(default="")
    kept_at = InstantField(default=clock.now)

    class Meta:
        table = "carried_accounts"


class FencedNode(Model):
    """A node that was the branch's until a standby took it over: what it sends is refused by name, and what headquarters
    had not seen of it up to (`epoch`, `seq`) it hands over. `handed_at`: it has said that this is everything."""

    public_key = fields.CharField(max_length=80, primary_key=True)
    branch = fields.CharField(max_length=16, db_index=True)
    epoch = fields.CharField(max_length=32, default="")
    seq = fields.BigIntField(default=0)
    chain = fields.CharField(max_length=32, default="0" * 32)
    fenced_at = InstantField(default=clock.now)
    handed_at = InstantField(null=True)

    class Meta:
        table = "fenced_node"


class HandedRow(Model):
    """A row that a fenced node had written and headquarters had not seen, waiting for the branch's present node: as it was
    when headquarters last saw it (`before`, empty: not there) and as it is (`after`, empty: deleted), canonical."""

    id = fields.BigIntField(primary_key=True, generated=True)
    branch = fields.CharField(max_length=16)
    tbl = fields.CharField(max_length=64)
    row_id = fields.CharField(max_length=64)
    before = fields.TextField(default="")
    after = fields.TextField(default="")
    handed_at = InstantField(default=clock.now)
    taken_at = InstantField(null=True)

    class Meta:
        table = "handed_row"
        unique_together = (("branch", "tbl", "row_id"),)


class SnapshotRun(Model):
    """A branch's rows given back: to a branch that is rebuilt (`rebuild`) or a standby (`standby`). `is_whole`: a pass
    over all tables was completed, the last one at `seq`."""

    id = fields.BigIntField(primary_key=True, generated=True)
    branch = fields.CharField(max_length=16, db_index=True)
    kind = fields.CharField(max_length=16)
    rows = fields.BigIntField(default=0)
    total = fields.BigIntField(default=0)
    seq = fields.BigIntField(default=0)
    wire_bytes = fields.BigIntField(default=0)
    is_whole = fields.BooleanField(default=False)
    started_at = InstantField(default=clock.now)
    seen_at = InstantField(default=clock.now)

    class Meta:
        table = "snapshot_run"
