"""Proof of one branch as tables: rows that differed, when all were hashed again, and what somebody must do now."""

from typing import Any

import msgspec

from hq.replication.models import ScrubRow
from hq.sync.queries import Details
from shared.i18n import gettext as _
from shared.i18n import ngettext
from shared.vocabulary import table_word, table_words
from shared.web.parts import Column, Row, TableView
from shared.web.versions import column_label


def kind_words() -> dict[str, str]:
    """How a row differed."""
    return {"changed": _("changed here"), "missing": _("missing here"), "invented": _("only here")}


def state_words() -> dict[str, str]:
    """What became of it."""
    return {"named": _("named"), "mended": _("mended"), "blocked": _("cannot be mended")}


def image(text: str) -> dict[str, Any]:
    """A kept row; nothing where there was none."""
    return dict(msgspec.json.decode(text)) if text else {}


def differed_in(row: ScrubRow) -> str:
    """The columns that differed, in words."""
    known = {**image(row.before), **image(row.after)}
    return _(", ").join(column_label(name, known) for name in row.columns)


def findings(found: Details) -> TableView:
    """Rows that differed from the branch's, newest first."""
    kinds, states = kind_words(), state_words()
    rows = [
        Row(
            {
                "row": f"{table_word(row.tbl)} {row.row_id[:8]}",
                "kind": kinds.get(row.kind, row.kind),
                "columns": differed_in(row) or None,
                "state": states.get(row.status, row.status),
                "at": row.found_at,
            },
            url=f"/sync/{row.branch}/rows/{row.id}",
        )
        for row in found.findings
    ]
    columns = [
        Column("row", _("Record"), phone="head"),
        Column("kind", _("How"), phone="second"),
        Column("columns", _("Differed in")),
        Column("state", _("State"), phone="second"),
        Column("at", _("Found"), "instant"),
    ]
    return TableView("findings", _("Rows that differed"), columns, rows)


def scrubs(found: Details) -> TableView:
    """When all rows were hashed again and what came of it."""
    causes = {
        "schedule": _("each night"),
        "unproven": _("a digest differed"),
        "day_close": _("a day close differs"),
        "foreign": _("rows under another branch's code"),
        "command": _("on demand"),
        "page": _("on demand"),
    }
    states = {
        "equal": _("equal"),
        "asking": _("the branch is asked"),
        "mended": _("mended"),
        "named": _("named"),
        "differs": _("some rows cannot be mended"),
        "broken": _("the branch's rows are not those of its log"),
    }
    rows = [
        Row(
            {
                "at": run.begun_at,
                "state": states.get(run.status, run.status),
                "cause": causes.get(run.cause, run.cause),
                "rows": run.rows or None,
                "tables": table_words(list(run.tables)) or None,
            }
        )
        for run in found.scrubs
    ]
    columns = [
        Column("at", _("Begun"), "instant", phone="head"),
        Column("state", _("State"), phone="second"),
        Column("cause", _("Reason")),
        Column("rows", _("Rows hashed"), "number"),
        Column("tables", _("Differing")),
    ]
    return TableView("scrubs", _("Rows hashed again"), columns, rows)


def notices_of(found: Details) -> list[tuple[str, str]]:
    """What somebody must do now, each with the address where; nothing while all is well."""
    code, status = found.sync.branch.code, found.sync.status
    notices: list[tuple[str, str]] = []
    if status == "cloned":
        notices.append((_("Two nodes send with the identity of %(code)s. The younger is refused and keeps its data. Stop one of the two machines; if it was the older, the other goes on by itself.", code=code), ""))  # fmt: skip
    if status == "held":
        notices.append((_("Too much of what %(code)s sends cannot be stored, so nothing of it is taken over. Look at what it sends, then let it through.", code=code), f"/sync/{code}/release"))  # fmt: skip
    if found.set_aside:
        count = sum(int(row["n"]) for row in found.set_aside)
        notices.append((ngettext("%(n)s change is set aside.", "%(n)s changes are set aside.", count), f"/quarantine?branch={code}"))  # fmt: skip
    if found.conflicts:
        notices.append((ngettext("%(n)s row changed on both sides after a restore; somebody at the branch chooses.", "%(n)s rows changed on both sides after a restore; somebody at the branch chooses.", found.conflicts), ""))  # fmt: skip
    return notices
