"""What the import pages show: an account in tables, a sentence that says what came of it, the reference of fields."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from branch_node.imports import actions
from branch_node.imports.account import WHYS
from branch_node.imports.models import ImportJob
from branch_node.imports.pages import Fault, HelpPage, RecordHelp, ShowPage
from branch_node.imports.queries import run_of, undo_of
from branch_node.imports.vocabulary import RECORDS, FieldDef
from shared import clock, i18n
from shared.canonical import from_micros
from shared.i18n import N_, ngettext
from shared.i18n import gettext as _
from shared.web.parts import Action, Column, Empty, Job, Row, Status, TableView

KINDS: Mapping[str, str] = {"dry_run": N_("Dry run"), "import": N_("Import"), "undo": N_("Undo")}
RECORD_WORDS: Mapping[str, str] = {
    "branch": N_("Branch"), "department": N_("Departments"), "employee": N_("Staff"), "product": N_("Products"),
    "customer": N_("Customers"), "contact": N_("Contacts"), "address": N_("Addresses"), "activity": N_("Follow-ups"),
    "order": N_("Orders"), "receipt": N_("Receipts"), "expense": N_("Expenses"),
}  # fmt: skip
STATES = {
    "waiting": "waiting",
    "running": "running",
    "done": "done",
    "failed": "failed",
    "cancelled": "cancelled",
}
KEPT_WHYS: Mapping[str, str] = {"edited": N_("changed since"), "in_use": N_("in use")}


def kind_word(kind: str) -> str:
    return _(KINDS[kind])


def record_word(record: str) -> str:
    return _(RECORD_WORDS[record])


def as_instant(value: Any) -> datetime:
    """An instant of the database in Python."""
    return value if isinstance(value, datetime) else from_micros(int(value))


# --- the list -----------------------------------------------------------------------------------------------------


def list_table(rows: Sequence[Mapping[str, Any]], next_url: str, previous_url: str) -> TableView:
    """Imports, dry runs and undos."""
    columns = [
        Column("title", _("Import"), phone="head"),
        Column("kind", _("Kind"), phone="second"),
        Column("state", _("State"), "status", phone="second"),
        Column("at", _("Started"), "instant"),
        Column("who", _("Started by")),
        Column("result", _("Result")),
    ]
    empty = Empty(
        "nothing",
        _("Imports appear here with what came of each row. Send the first files in."),
        Action(_("New import"), "/imports/new", "plus"),
    )
    return TableView(
        "imports", _("Imports"), columns, [_list_row(row) for row in rows], next_url=next_url, previous_url=previous_url,
        empty=empty,
    )  # fmt: skip


def _list_row(row: Mapping[str, Any]) -> Row:
    note = _("undone") if row["undone_at"] and row["kind"] == "import" else ""
    cells = {
        "title": row["title"],
        "kind": kind_word(row["kind"]),
        "state": Status(STATES[row["state"]], note),
        "at": as_instant(row["created_at"]),
        "who": row["started_by_name"] or _("command line"),
        "result": result_text(row["kind"], _account(row["account"])),
    }
    return Row(cells, str(row["id"]), f"/imports/{row['id']}")


def result_text(kind: str, account: Mapping[str, Any]) -> str | None:
    """What came of a job, short; None when nothing came of it."""
    if not account:
        return None
    if kind == "undo":
        return _undo_sentence(account)
    numbers = {name: f"{account['total'][name]:,}" for name in ("created", "updated", "skipped", "failed")}
    return _("%(created)s created, %(updated)s changed, %(skipped)s skipped, %(failed)s failed", **numbers)


def _account(value: Any) -> dict[str, Any]:
    """An account as stored: text from plain SQL, a dictionary from the ORM."""
    found: dict[str, Any] = json.loads(value) if isinstance(value, str) else dict(value or {})
    return found


# --- one import ---------------------------------------------------------------------------------------------------


def job_part(job: ImportJob) -> Job:
    """The progress of a job."""
    started = job.started_at or job.created_at
    seconds = max((clock.now() - started) / timedelta(seconds=1), 0.0)
    is_live = job.state == "running" and job.total > 0 and job.step != "read"
    rate = round(job.done / seconds) if is_live and seconds > 1 else None
    rest = round((job.total - job.done) / rate) if rate else None
    account = _account(job.account)
    total = account.get("total", {})
    done = int(total.get("read", job.done))
    return Job(
        title=f"{kind_word(job.kind)}{_(': ')}{job.title}",
        state=STATES[job.state],
        done=done,
        total=int(total["read"]) if total else job.total or None,
        started_at=started,
        started_by=job.started_by_name or _("command line"),
        rate_per_second=rate,
        rest_seconds=rest,
        error_count=int(total.get("failed", 0)),
        errors_url="#notes" if total.get("failed") else "",
        cancel_url=f"/imports/{job.id}/stop"
        if job.state in ("waiting", "running") and job.kind != "undo"
        else "",
        key=f"job-{job.id}",
    )


async def show_page(job: ImportJob) -> ShowPage:
    """Everything about one job."""
    account = _account(job.account)
    is_live = job.state in ("waiting", "running")
    sentence, tone = sentence_of(job, account)
    result = actions.result_path(job) if job.folder else None
    return ShowPage(
        title=job.title,
        job=job_part(job),
        is_live=is_live,
        live_url=f"/imports/{job.id}/live",
        sentence=sentence,
        tone=tone,
        files=files_table(account) if account.get("files") else None,
        records=records_table(account) if account.get("records") else None,
        notes=notes_table(job) if job.notes else None,
        faults=[Fault(one["place"], i18n.render(one["msgid"], one["params"])) for one in job.faults or ()],
        actions=[] if is_live else await _next_steps(job),
        result_url=f"/imports/{job.id}/result" if result is not None and result.is_file() else "",
    )


async def _next_steps(job: ImportJob) -> list[Action]:
    """What can be done after a job has ended."""
    if job.kind == "dry_run" and job.state == "done" and job.folder:
        return [Action(_("Import now"), f"/imports/{job.id}/run", "check", is_primary=True, method="POST")]
    if job.kind == "import" and job.run_id is not None:
        run = await run_of(job)
        if run is not None and run.undone_at is None and await undo_of(job.run_id) is None:
            return [Action(_("Undo import"), f"/imports/{job.id}/undo", "history", is_danger=True)]
    return []


def sentence_of(job: ImportJob, account: Mapping[str, Any]) -> tuple[str, str]:
    """What came of a job in one sentence, and its tone (ok, bad, muted)."""
    if job.state == "waiting":
        return _("It begins in a moment."), "muted"
    if job.state == "running":
        return _("You may leave this page; the work goes on."), "muted"
    if job.state == "failed":
        return _("Nothing was imported. Correct what stands below, then send the files again."), "bad"
    if job.kind == "undo":
        return _undo_sentence(account), "ok"
    if job.state == "cancelled":
        return _("Stopped. What was imported before stays; undo it, or import again to go on."), "bad"
    total = account["total"]
    numbers = {name: f"{total[name]:,}" for name in ("read", "created", "updated", "skipped", "failed")}
    if job.kind == "dry_run":
        text = _(
            "%(read)s rows read. An import would create %(created)s and change %(updated)s; %(skipped)s would be "
            "skipped, %(failed)s would fail. Nothing has been written.",
            **numbers,
        )
    else:
        text = _(
            "%(read)s rows read: %(created)s created, %(updated)s changed, %(skipped)s skipped, %(failed)s failed.",
            **numbers,
        )
    return text, "bad" if total["failed"] else "ok"


def _undo_sentence(account: Mapping[str, Any]) -> str:
    kept = account.get("kept", {})
    deleted, restored = account.get("deleted", 0), account.get("restored", 0)
    parts = (
        [ngettext("%(n)s row taken back.", "%(n)s rows taken back.", deleted)]
        if deleted or not restored
        else []
    )
    if restored:
        parts.append(ngettext("%(n)s row restored.", "%(n)s rows restored.", restored))
    if kept:
        reasons = _(", ").join(f"{count:,} {_(KEPT_WHYS[why])}" for why, count in sorted(kept.items()))
        parts.append(_("Kept: %(reasons)s.", reasons=reasons))
    return " ".join(parts)


NUMBERS = (
    ("read", N_("Read")), ("created", N_("Created")), ("updated", N_("Changed")), ("skipped", N_("Skipped")),
    ("failed", N_("Failed")),
)  # fmt: skip


def files_table(account: Mapping[str, Any]) -> TableView:
    """Per file: created + changed + skipped + failed = read, and why rows were skipped."""
    columns = [
        Column("file", _("File"), phone="head"),
        *(
            Column(name, _(label), "number", phone="second" if name in ("created", "failed") else "rest")
            for name, label in NUMBERS
        ),
        Column("because", _("Skipped because")),
    ]
    rows = [
        Row(
            {
                **{name: one[name] for name, _label in NUMBERS},
                "file": one["file"],
                "because": because_text(one["because"]),
            }
        )
        for one in account["files"]
    ]
    total = {name: account["total"][name] for name, _label in NUMBERS}
    return TableView(
        "files", _("Files"), columns, rows,
        total=Row({"file": _("All files"), "because": None, **total}, is_total=True),
    )  # fmt: skip


def because_text(because: Mapping[str, int]) -> str | None:
    """'3 here already, unchanged; 2 belongs to another branch'."""
    return _("; ").join(f"{count:,} {_(WHYS[why])}" for why, count in sorted(because.items())) or None


def records_table(account: Mapping[str, Any]) -> TableView:
    """Per kind of record: created and changed."""
    columns = [
        Column("record", _("Record"), phone="head"),
        Column("created", _("Created"), "number", phone="second"),
        Column("updated", _("Changed"), "number", phone="second"),
    ]
    rows = [
        Row({"record": record_word(one["record"]), "created": one["created"], "updated": one["updated"]})
        for one in account["records"]
    ]
    return TableView("records", _("Records"), columns, rows)


def notes_table(job: ImportJob) -> TableView:
    """The first failed rows and warnings; all of them are in the result file."""
    columns = [
        Column("place", _("File and line"), phone="head"),
        Column("outcome", _("Outcome"), phone="second"),
        Column("column", _("Field")),
        Column("reason", _("Reason")),
    ]
    rows = [
        Row(
            {
                "place": _("%(file)s, line %(line)s", file=one["file"], line=one["line"]),
                "outcome": _("not imported") if one["outcome"] == "failed" else _("look at it"),
                "column": one["column"] or None,
                "reason": i18n.render(one["msgid"], one["params"]),
            }
        )
        for one in job.notes
    ]
    return TableView("notes", _("Rows that failed or need a look"), columns, rows)


# --- reference ----------------------------------------------------------------------------------------------------

FIELD_KINDS: Mapping[str, str] = {
    "text": N_("text of at most %(limit)s characters"), "long": N_("long text"), "code": N_("one of: %(choices)s"),
    "codes": N_("some of: %(choices)s"), "date": N_("date"), "amount": N_("amount"), "quantity": N_("number"),
    "percent": N_("percentage"), "rate": N_("exchange rate"), "whole": N_("whole number"), "yes": N_("yes or no"),
    "currency": N_("currency, such as CNY"), "record": N_("key of: %(record)s"),
}  # fmt: skip

EXAMPLE = """name = "old-crm"

[formats]
encoding = ["utf-8", "gb18030"]
dates = ["DD/MM/YYYY"]
currency = "CNY"

[files]
customers = { path = "customers.csv" }
staff = { path = "staff.xlsx", sheet = "Sales" }

[[records]]
record = "customer"
file = "customers"
key = ["CustNo"]
match = ["code", "tax_number", "phone"]
joins = { rep = { file = "staff", on = { Id = "RepId" } } }

[records.fields]
code = "CustNo"
name = "Company"
phone = { first = ["Phone", "Mobile"] }
address = { concat = ["Street", "House"], separator = " " }
group = { column = "Class", values = { "1" = "A", "2" = "B" }, otherwise = "C" }
owner = { column = "rep.Number", unknown = "empty" }
"""


def help_page() -> HelpPage:
    """Every record that a mapping may fill, with its fields."""
    records = [
        RecordHelp(name, _fields_table(name, definition.fields)) for name, definition in RECORDS.items()
    ]
    for name, definition in RECORDS.items():
        if definition.line_fields is not None:
            records.append(
                RecordHelp(f"{name}.lines", _fields_table(f"{name}-lines", definition.line_fields))
            )
        if definition.instalment_fields is not None:
            fields = definition.instalment_fields
            records.append(RecordHelp(f"{name}.instalments", _fields_table(f"{name}-instalments", fields)))
    return HelpPage(records, EXAMPLE)


def _fields_table(name: str, fields: Mapping[str, FieldDef]) -> TableView:
    columns = [
        Column("field", _("Field"), phone="head"),
        Column("kind", _("Holds")),
        Column("needed", _("Needed"), phone="second"),
    ]
    rows = [
        Row(
            {
                "field": field,
                "kind": field_words(definition),
                "needed": _("yes") if definition.required else None,
            }
        )
        for field, definition in fields.items()
    ]
    return TableView(f"fields-{name}", _("Fields of %(record)s", record=name), columns, rows)


def field_words(definition: FieldDef) -> str:
    """What a field holds, in words."""
    return _(
        FIELD_KINDS[definition.kind],
        limit=definition.limit,
        choices=", ".join(definition.choices),
        record=definition.of,
    )
