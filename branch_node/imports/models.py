"""What an import remembers at the branch: which row came from where, and the runs people start from the page."""

from tortoise import fields
from tortoise.models import Model

from shared import clock
from shared.database.fields import InstantField, JsonField
from shared.ids import new_id


class ImportedRow(Model):
    """What one run did to one row of a record. It makes 'again creates 0' and the undo exact.

    `source` is the mapping's name and `external_key` the row's key there; `content` a hash of what the file said;
    `revision` the row's revision after the run. `action`: created; matched (it was here already); merged, updated and
    effect (`changes` holds columns before and after; an effect follows from another row, such as a first order).
    `kept` says why an undo spared it.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    run_id = fields.UUIDField()
    source = fields.CharField(max_length=40)
    record = fields.CharField(max_length=16)
    external_key = fields.CharField(max_length=200)
    file = fields.CharField(max_length=40, default="")
    line = fields.BigIntField(default=0)
    row_id = fields.UUIDField()
    action = fields.CharField(max_length=8)
    revision = fields.IntField(default=1)
    content = fields.CharField(max_length=32, default="")
    changes = JsonField(null=True)
    kept = fields.CharField(max_length=8, default="")

    class Meta:
        table = "imported_row"
        app = "branch"
        indexes = [("source", "record", "external_key"), ("run_id", "record", "id"), ("row_id", "run_id")]


class ImportJob(Model):
    """A piece of import work that people see: a dry run, an import or an undo, from the page or the command line.

    `state`: waiting, running, done, failed, cancelled. `folder` holds the uploaded files and the mapping, empty for the
    command line; a dry run and the import that follows share it. `run_id` names the ImportRun that was made or, for an
    undo, taken back. `faults` say why nothing was done, `notes` are the first failed rows.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    kind = fields.CharField(max_length=8)
    folder = fields.CharField(max_length=300, default="")
    title = fields.CharField(max_length=200)
    state = fields.CharField(max_length=16, default="waiting")
    run_id = fields.UUIDField(null=True, db_index=True)
    started_by = fields.UUIDField(null=True)
    started_by_name = fields.CharField(max_length=120, default="")
    created_at = InstantField(default=clock.now)
    started_at = InstantField(null=True)
    ended_at = InstantField(null=True)
    beat_at = InstantField(null=True)
    step = fields.CharField(max_length=16, default="")
    done = fields.BigIntField(default=0)
    total = fields.BigIntField(default=0)
    account = JsonField(default=dict)
    faults = JsonField(default=list)
    notes = JsonField(default=list)
    cancel_wanted = fields.BooleanField(default=False)

    class Meta:
        table = "import_job"
        app = "branch"
        indexes = [("created_at", "id"), ("state", "beat_at")]
