"""Headquarters' own tables of replication: who may send, how far each branch is, what was set aside."""

from tortoise import fields
from tortoise.models import Model

from shared import clock
from shared.database.fields import InstantField, JsonField


class BranchNode(Model):
    """A node that may send for a branch: the public key on file for its code."""

    branch = fields.CharField(max_length=16, primary_key=True)
    name = fields.CharField(max_length=120, default="")
    public_key = fields.CharField(max_length=80)
    status = fields.CharField(max_length=16, default="active")
    enrolled_at = InstantField(default=clock.now)
    revoked_at = InstantField(null=True)

    class Meta:
        table = "branch_node"


class EnrolmentToken(Model):
    """A one-time right to enrol a node for a branch; only the hash of the token is kept. `role`: branch | standby."""

    token_hash = fields.CharField(max_length=64, primary_key=True)
    branch = fields.CharField(max_length=16)
    role = fields.CharField(max_length=16, default="branch")
    name = fields.CharField(max_length=120, default="")
    created_at = InstantField(default=clock.now)
    expires_at = InstantField()
    used_at = InstantField(null=True)

    class Meta:
        table = "enrolment_token"


class BranchCursor(Model):
    """How far a branch's log has been applied. `chain` and `digests` belong to (`epoch`, `seq`).

    `complete_at` is headquarters' clock at the last moment when nothing of the branch was missing, `contact_at` at the
    last request of the branch, `first_at` when its first changes were applied. `unproven` names tables whose digest did
    not equal the branch's own; `replay` is the memory of the signed requests accepted so far. `status`: normal | held
    (too much of what it sends cannot be taken over) | released (a person lets it through once) | cloned (two runs of its
    node are alive). `runs` is the memory of hq.replication.runs. (`safe_epoch`, `safe_seq`) is the position in the last
    verified backup. `scrub` is what is still to be asked of the branch about rows that differ (hq.replication.scrub),
    empty or null for nothing."""

    branch = fields.CharField(max_length=16, primary_key=True)
    epoch = fields.CharField(max_length=32, default="")
    seq = fields.BigIntField(default=0)
    chain = fields.CharField(max_length=32, default="0" * 32)
    digests = JsonField(default=dict)
    head_seq = fields.BigIntField(default=0)
    first_at = InstantField(null=True)
    applied_at = InstantField(null=True)
    contact_at = InstantField(null=True)
    complete_at = InstantField(null=True)
    unproven = JsonField(default=dict)
    status = fields.CharField(max_length=16, default="normal")
    wire_bytes = fields.BigIntField(default=0)
    row_count = fields.BigIntField(default=0)
    replay = fields.TextField(default="")
    runs = fields.TextField(default="")
    safe_epoch = fields.CharField(max_length=32, default="")
    safe_seq = fields.BigIntField(default=0)
    scrub = fields.TextField(null=True)

    class Meta:
        table = "branch_cursor"


class BranchMark(Model):
    """A position at which a branch's cursor once stood; `slot` thins them out towards the past (hq.replication.cursor)."""

    id = fields.BigIntField(primary_key=True, generated=True)
    branch = fields.CharField(max_length=16)
    slot = fields.IntField()
    epoch = fields.CharField(max_length=32)
    seq = fields.BigIntField()
    chain = fields.CharField(max_length=32)

    class Meta:
        table = "branch_mark"
        unique_together = (("branch", "slot"),)


class BranchEpoch(Model):
    """An epoch that a branch began and the position of the one before that it began from.

    `reason`: first | restored | rebuilt."""

    id = fields.BigIntField(primary_key=True, generated=True)
    branch = fields.CharField(max_length=16, db_index=True)
    epoch = fields.CharField(max_length=32)
    base = fields.BigIntField(default=0)
    origin_epoch = fields.CharField(max_length=32, default="")
    origin_seq = fields.BigIntField(default=0)
    reason = fields.CharField(max_length=16, default="restored")
    begun_at = InstantField(default=clock.now)

    class Meta:
        table = "branch_epoch"


class SyncIncident(Model):
    """Something about a branch's replication that a person must know of; open until `closed_at`.

    `kind`: held | cloned | outdated | restored | broken (its rows are not those of its log). At most one open incident of a kind per branch."""

    id = fields.BigIntField(primary_key=True, generated=True)
    branch = fields.CharField(max_length=16, db_index=True)
    kind = fields.CharField(max_length=16)
    detail = fields.TextField(default="")
    opened_at = InstantField(default=clock.now)
    closed_at = InstantField(null=True)

    class Meta:
        table = "sync_incident"


class HqBackup(Model):
    """A backup of headquarters that was read back and proved: where it lies and how far each branch is in it.

    `positions`: branch -> [epoch, seq]."""

    id = fields.BigIntField(primary_key=True, generated=True)
    path = fields.CharField(max_length=500)
    byte_count = fields.BigIntField(default=0)
    sha256 = fields.CharField(max_length=64, default="")
    made_at = InstantField()
    verified_at = InstantField()
    positions = JsonField(default=dict)

    class Meta:
        table = "hq_backup"


class QuarantinedChange(Model):
    """A change that could not be applied for what it holds; kept whole until a person or an upgrade settles it.

    `reason`: poison | unknown_table | newer_schema. `outcome` when settled: applied | superseded (a later change of the
    row was applied) | dismissed (by a person, with `note`)."""

    id = fields.BigIntField(primary_key=True, generated=True)
    branch = fields.CharField(max_length=16, db_index=True)
    epoch = fields.CharField(max_length=32)
    seq = fields.BigIntField()
    tbl = fields.CharField(max_length=64)
    row_id = fields.CharField(max_length=64)
    op = fields.CharField(max_length=1)
    schema_version = fields.IntField(default=1)
    row_after = fields.TextField(null=True)
    reason = fields.CharField(max_length=16)
    error = fields.TextField(default="")
    received_at = InstantField(default=clock.now)
    tried_at = InstantField(null=True)
    tries = fields.IntField(default=0)
    settled_at = InstantField(null=True)
    outcome = fields.CharField(max_length=16, default="")
    settled_by = fields.CharField(max_length=80, default="")
    note = fields.CharField(max_length=500, default="")

    class Meta:
        table = "quarantined_change"


class Tombstone(Model):
    """A row that its branch deleted: what remains of it is that it is gone, and since which position."""

    id = fields.BigIntField(primary_key=True, generated=True)
    branch = fields.CharField(max_length=16)
    tbl = fields.CharField(max_length=64)
    row_id = fields.CharField(max_length=36)
    ver = fields.BigIntField()

    class Meta:
        table = "tombstone"
        unique_together = (("branch", "tbl", "row_id"),)


class ScrubRun(Model):
    """Headquarters hashed a branch's rows again; where a table was not what the branch claims, the rows were asked for.

    `cause`: schedule | unproven | day_close | foreign | command | page. `is_mending`: differing rows are mended, not only named. `status`:
    equal | asking (the branch has not told all yet) | mended | named | differs (some rows could not be mended) | broken
    (the branch's own rows are not those of its log, nothing was touched). Counts are of rows.
    """

    id = fields.BigIntField(primary_key=True, generated=True)
    branch = fields.CharField(max_length=16, db_index=True)
    cause = fields.CharField(max_length=16, default="schedule")
    is_mending = fields.BooleanField(default=True)
    status = fields.CharField(max_length=16, default="equal")
    tables = JsonField(default=list)
    rows = fields.BigIntField(default=0)
    milliseconds = fields.BigIntField(default=0)
    begun_at = InstantField(default=clock.now)
    ended_at = InstantField(null=True)

    class Meta:
        table = "scrub_run"


class ScrubRow(Model):
    """A row that differed from its branch's: what it was here and what it is at the branch (canonical JSON, empty where it
    is not). `kind`: changed | missing | invented. `status`: named | mended | blocked (with `error`)."""

    id = fields.BigIntField(primary_key=True, generated=True)
    run_id = fields.BigIntField(db_index=True)
    branch = fields.CharField(max_length=16, db_index=True)
    tbl = fields.CharField(max_length=64)
    row_id = fields.CharField(max_length=36)
    kind = fields.CharField(max_length=16)
    columns = JsonField(default=list)
    before = fields.TextField(default="")
    after = fields.TextField(default="")
    status = fields.CharField(max_length=16, default="named")
    error = fields.TextField(default="")
    found_at = InstantField(default=clock.now)
    mended_at = InstantField(null=True)

    class Meta:
        table = "scrub_row"


class DayCloseCheck(Model):
    """What headquarters' own rows of a ledger and day hold, beside the branch's statement (`DayClose`).

    `state`: green (equal) | red (not equal) | changed (rows of the day came after the statement; the branch states it anew).
    (`stated_position`, `stated_hash`) is the statement that was checked."""

    id = fields.BigIntField(primary_key=True, generated=True)
    branch = fields.CharField(max_length=16)
    happened_on = fields.DateField()
    ledger = fields.CharField(max_length=24)
    state = fields.CharField(max_length=16)
    row_count = fields.BigIntField(default=0)
    sums = JsonField(default=dict)
    row_hash = fields.CharField(max_length=64, default="")
    stated_position = fields.BigIntField(default=0)
    stated_hash = fields.CharField(max_length=64, default="")
    checked_at = InstantField(default=clock.now)

    class Meta:
        table = "day_close_check"
        unique_together = (("branch", "happened_on", "ledger"),)
