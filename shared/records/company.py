"""What headquarters sends down and what proves that it holds: targets, directives, news, day-close statements."""

from tortoise import fields

from shared.database.fields import InstantField, JsonField
from shared.records.base import Record, code_field, minor_field, reference_field

FILE_PIECE_BYTES = 96_000
"""Bytes of an attached file that travel in one row: base64 of them fits into a batch."""


class Target(Record):
    """A year target of one measure for the company, a branch, a department or a person; revisions are kept,
    the newest one (`superseded_at` null) holds. Money in minor units of `currency`, counts as they are."""

    year = fields.IntField()
    measure = code_field(24)
    unit_kind = code_field(16)
    unit_branch = code_field(16, default="")
    unit_id = reference_field()
    number = fields.IntField(default=1)
    currency = code_field(3, default="")
    amount = minor_field()
    reason = fields.CharField(max_length=300, default="")
    issued_at = InstantField(null=True)
    superseded_at = InstantField(null=True)
    owned_by_company = True

    class Meta:
        table = "target"
        app = "records"
        indexes = [("year", "measure", "unit_kind", "unit_branch")]


class TargetLine(Record):
    """The part of a year target that falls on one period; the lines add up to the year."""

    target_id = reference_field(null=False, index=True)
    period = code_field(16)
    amount = minor_field()
    owned_by_company = True

    class Meta:
        table = "target_line"
        app = "records"


class Directive(Record):
    """A decision or document sent down, with its deadline and whom it is for.

    `units` is what the author chose ([{"kind", "branch", "id", "name"}]; kind company, branch, department or employee),
    `audience` the branch codes it goes to. Both, and the rows of DirectiveRecipient, are fixed when it is issued
    (`issued_at`); before that nothing of it leaves. `status` is draft, issued or withdrawn. `reminded_at` is the last
    reminder: whoever has not acknowledged by then is told again. After `not_after`
    it is kept and can be read, but nobody is asked to act on it any more."""

    number = code_field(32)
    kind = code_field(16, default="decision")
    title = fields.CharField(max_length=200)
    body = fields.TextField(default="")
    issued_at = InstantField(null=True)
    issued_by_name = fields.CharField(max_length=120, default="")
    deadline_on = fields.DateField(null=True)
    not_after = InstantField(null=True)
    status = code_field(16, default="draft")
    units = JsonField(default=list)
    audience = JsonField(default=list)
    reminded_at = InstantField(null=True)
    withdrawn_at = InstantField(null=True)
    owned_by_company = True

    class Meta:
        table = "directive"
        app = "records"


class DirectiveRecipient(Record):
    """One person a directive is for, as it was decided when the directive was issued; goes to `unit_branch`."""

    directive_id = reference_field(null=False, index=True)
    unit_branch = code_field(16)
    employee_id = reference_field(null=False, index=True)
    employee_name = fields.CharField(max_length=120, default="")
    owned_by_company = True

    class Meta:
        table = "directive_recipient"
        app = "records"


class DirectiveFile(Record):
    """A piece of a document attached to a directive: `content` is base64 of at most FILE_PIECE_BYTES bytes.

    The pieces of one file share `file_id`; `position` counts from 0 to `pieces` - 1; `size_bytes` and `sha256` are
    of the whole file. Goes where the directive's `audience` says."""

    directive_id = reference_field(null=False, index=True)
    file_id = reference_field(null=False, index=True)
    name = fields.CharField(max_length=200)
    media_type = code_field(100)
    size_bytes = fields.BigIntField()
    sha256 = code_field(64)
    position = fields.IntField(default=0)
    pieces = fields.IntField(default=1)
    content = fields.TextField(default="")
    audience = JsonField(default=list)
    owned_by_company = True

    class Meta:
        table = "directive_file"
        app = "records"


class DirectiveReceipt(Record):
    """What one recipient did with a directive (delivered, read, acknowledged, done); only moves forward. The branch
    writes `delivered` when it arrives; one row per directive and employee."""

    directive_id = reference_field(null=False, index=True)
    employee_id = reference_field(null=False)
    status = code_field(16, default="delivered")
    delivered_at = InstantField(null=True)
    read_at = InstantField(null=True)
    acknowledged_at = InstantField(null=True)
    done_at = InstantField(null=True)
    note = fields.CharField(max_length=500, default="")

    class Meta:
        table = "directive_receipt"
        app = "records"


class NewsItem(Record):
    """Industry news that headquarters selected for everybody."""

    title = fields.CharField(max_length=300)
    link = fields.CharField(max_length=500, default="")
    source = fields.CharField(max_length=120, default="")
    summary = fields.TextField(default="")
    published_at = InstantField()
    happened_on = fields.DateField()
    selected = fields.BooleanField(default=True)
    owned_by_company = True

    class Meta:
        table = "news_item"
        app = "records"
        indexes = [("happened_on", "id")]


class ImportRun(Record):
    """One run of an import: which files and mapping, what came of them, and whether it was taken back."""

    mapping = fields.CharField(max_length=200)
    mapping_hash = code_field(64, default="")
    status = code_field(16, default="running")
    dry_run = fields.BooleanField(default=False)
    started_at = InstantField()
    ended_at = InstantField(null=True)
    undone_at = InstantField(null=True)
    account = JsonField(default=list)

    class Meta:
        table = "import_run"
        app = "records"


class DayClose(Record):
    """A branch's statement about one ledger at the close of a business day: count, sums and hash."""

    happened_on = fields.DateField()
    ledger = code_field(24)
    row_count = fields.BigIntField(default=0)
    sums = JsonField(default=dict)
    row_hash = code_field(64, default="")
    position = fields.BigIntField(default=0)

    class Meta:
        table = "day_close"
        app = "records"
        indexes = [("branch", "happened_on")]


class RowConflict(Record):
    """A row that changed on both sides while the branch and headquarters were apart (the branch was restored from an
    old copy): both images as canonical JSON, empty where the row was deleted. The branch's own holds until a person
    chooses; `status`: open | ours (the branch's was right) | theirs (headquarters' was taken)."""

    happened_on = fields.DateField()
    tbl = code_field(64)
    row_id = code_field(64)
    ours = fields.TextField(default="")
    theirs = fields.TextField(default="")
    status = code_field(16, default="open")
    decided_at = InstantField(null=True)
    decided_by_name = fields.CharField(max_length=120, default="")

    class Meta:
        table = "row_conflict"
        app = "records"


class AuditEntry(Record):
    """An act that is not itself a change of a record: sign-in, export, permission change, undo."""

    happened_on = fields.DateField()
    person_id = reference_field(index=True)
    person_name = fields.CharField(max_length=120, default="")
    action = code_field(48)
    entity = code_field(32, default="")
    entity_id = reference_field(index=True)
    details = JsonField(default=dict)

    class Meta:
        table = "audit_entry"
        app = "records"
