"""Replication as tables."""

from collections.abc import Sequence
from typing import Any

from hq.asking import PAGE_ROWS
from hq.figures.freshness import UNHEARD
from hq.replication.feed_models import SnapshotRun
from hq.sync import proof_view
from hq.sync.queries import BranchSync, Details
from hq.sync.rules import rest_seconds
from hq.sync.words import reason_word
from hq.tables import pages
from shared import clock
from shared.i18n import gettext as _
from shared.i18n import ngettext, sentences
from shared.nodes.identity import fingerprint
from shared.vocabulary import table_word, table_words
from shared.web.filters import file_size, instant, number
from shared.web.parts import Action, Column, Count, Empty, Job, Row, TableView

SHORT = 12


def branch_table(rows: Sequence[BranchSync], offset: int) -> TableView:
    """One row per branch, a page of them."""
    following, previous = pages(offset, PAGE_ROWS, len(rows))
    columns = [
        Column("name", _("Branch"), phone="head", is_short=True),
        Column("state", _("State"), "status", phone="second"),
        Column(
            "proof",
            _("Proof"),
            "status",
            phone="second",
            title=_("Whether the digests of all tables equal the branch's own."),
        ),
        Column(
            "waiting",
            _("Rows behind"),
            "number",
            title=_("Changes that the branch has announced and that are not here yet."),
        ),
        Column("lag", _("Seconds behind"), "number", title=_("For how long something has been missing.")),
        Column("complete", _("Complete to"), "instant"),
        Column("trouble", _("Trouble")),
        Column("position", _("Log position"), "number"),
        Column(
            "down",
            _("Down: behind"),
            "number",
            title=_("Changes of HQ that the branch does not hold yet."),
        ),
        Column("aside", _("Set aside"), "number", title=_("Changes that could not be taken over.")),
        Column("up_bytes", _("Sent up"), "bytes"),
        Column("down_bytes", _("Sent down"), "bytes"),
    ]
    empty = Empty(
        "nothing", _("No branch is connected yet. Issue a token with: python -m hq branches enrol CODE")
    )
    return TableView(
        "sync", _("Branches"), columns, [branch_row(row) for row in rows[offset : offset + PAGE_ROWS]],
        count=Count(len(rows)), next_url=following, previous_url=previous, empty=empty,
    )  # fmt: skip


def status_words() -> dict[str, str]:
    """What keeps a branch from sending; nothing while all is well."""
    return {"held": _("held"), "released": _("let through once"), "cloned": _("two nodes")}


def branch_row(row: BranchSync) -> Row:
    mark = row.branch.mark
    is_heard = mark.state not in UNHEARD
    return Row(
        {
            "name": f"{row.branch.name} ({row.branch.code})",
            "state": mark.state,
            "proof": row.proof,
            "waiting": row.waiting if is_heard or row.waiting else None,
            "lag": row.lag_seconds if is_heard or row.lag_seconds else None,
            "complete": mark.complete_to,
            "trouble": status_words().get(row.status),
            "position": mark.position,
            "down": row.down_waiting,
            "aside": row.branch.quarantined,
            "up_bytes": row.up_bytes,
            "down_bytes": row.down_bytes,
        },
        id=row.branch.code,
        url=f"/sync/{row.branch.code}",
        is_muted=mark.state == "never",
    )


def sentence(rows: Sequence[BranchSync]) -> str:
    """How many branches are behind or not proved."""
    behind = sum(1 for row in rows if row.waiting or row.branch.mark.state in UNHEARD)
    unproven = sum(1 for row in rows if row.proof == "unproven")
    if not behind and not unproven:
        return _("HQ has all that the branches have written, and it is equal row for row.")
    parts = []
    if behind:
        parts.append(
            ngettext(
                "%(n)s branch is behind or cannot be reached.",
                "%(n)s branches are behind or cannot be reached.",
                behind,
            )
        )
    if unproven:
        parts.append(
            ngettext("%(n)s branch is not proved equal.", "%(n)s branches are not proved equal.", unproven)
        )
    return sentences(*parts)


def tables_of(found: Details) -> list[TableView]:
    """What the page of one branch shows, what is empty left out."""
    views = [up_table(found.sync), down_table(found.sync), node_table(found)]
    if found.sync.unproven or found.set_aside:
        views.append(differences(found))
    for view in (
        proof_view.findings(found),
        proof_view.scrubs(found),
        incidents(found),
        epochs(found),
        runs(found),
    ):
        if view.rows:
            views.append(view)
    return views


def facts(key: str, caption: str, pairs: Sequence[tuple[str, Any]]) -> TableView:
    """What and value, one below the other."""
    columns = [Column("what", _("Item"), phone="head"), Column("value", _("Value"), phone="second")]
    return TableView(key, caption, columns, [Row({"what": what, "value": value}) for what, value in pairs])


def position_text(sync: BranchSync) -> str:
    """How far its log is taken over, and how much is known to be missing; of a branch that is not heard nothing is known."""
    position = number(sync.branch.mark.position)
    if sync.branch.mark.state in UNHEARD and not sync.waiting:
        return _("%(position)s; not heard of since, what it has written is not known here", position=position)
    return _("%(position)s, %(waiting)s behind", position=position, waiting=number(sync.waiting))


def up_table(sync: BranchSync) -> TableView:
    mark = sync.branch.mark
    lag = "" if not sync.lag_seconds else ngettext("%(n)s second", "%(n)s seconds", sync.lag_seconds)
    proof = _("the digests of all tables equal the branch's own at this position")
    if sync.unproven:
        proof = _("not equal in: %(tables)s", tables=table_words(list(sync.unproven)))
    return facts(
        "up",
        _("From the branch"),
        [
            (
                _("Log position"),
                position_text(sync) + (f", {lag}" if lag else ""),
            ),
            (_("Complete to"), instant(mark.complete_to, seconds=True) if mark.complete_to else None),
            (_("Last heard of"), instant(mark.contact_at, seconds=True) if mark.contact_at else None),
            (_("Digests"), proof if mark.position else None),
            (
                _("Received"),
                _(
                    "%(rows)s changes in %(bytes)s, compressed",
                    rows=number(sync.up_rows),
                    bytes=file_size(sync.up_bytes),
                ),
            ),
            (_("Epoch"), sync.epoch[:SHORT] or None),
        ],
    )


def down_table(sync: BranchSync) -> TableView:
    if sync.down_waiting is None:
        return facts("down", _("To the branch"), [(_("Log position"), _("the branch has not asked yet"))])
    pairs = [
        (
            _("Log position"),
            _(
                "%(position)s, %(waiting)s behind",
                position=number(sync.down_seq),
                waiting=number(sync.down_waiting),
            ),
        ),
        (_("Last asked"), instant(sync.down_asked_at, seconds=True) if sync.down_asked_at else None),
        (_("Sent"), file_size(sync.down_bytes)),
    ]
    if sync.reset_at:
        pairs.append((_("Read anew from the beginning"), instant(sync.reset_at)))
    return facts("down", _("To the branch"), pairs)


def node_table(found: Details) -> TableView:
    words = {"active": _("may send"), "revoked": _("is refused"), "": _("none enrolled")}
    pairs: list[tuple[str, Any]] = [(_("Node"), words.get(found.sync.node, found.sync.node))]
    if found.enrolled_at:
        pairs += [
            (_("Enrolled"), instant(found.enrolled_at)),
            (_("Public key"), fingerprint(found.public_key)),
        ]
    if found.standby:
        following = _("follows since %(time)s", time=instant(found.standby.enrolled_at))
        promoted = found.standby.promoted_at
        pairs.append(
            (
                _("Standby"),
                _("took the branch over %(time)s", time=instant(promoted)) if promoted else following,
            )
        )
    return facts("node", _("Node"), pairs)


def differences(found: Details) -> TableView:
    """Tables that differ, and what was set aside."""
    rows = [
        Row({"table": table_word(name), "why": _("the digest differs"), "count": None})
        for name in found.sync.unproven
    ]
    rows += [
        Row(
            {"table": table_word(row["tbl"]), "why": reason_word(row["reason"]), "count": row["n"]},
            url=f"/quarantine?branch={found.sync.branch.code}",
        )
        for row in found.set_aside
    ]
    columns = [
        Column("table", _("Table"), phone="head"),
        Column("why", _("Reason"), phone="second"),
        Column("count", _("Changes"), "number"),
    ]
    return TableView("differences", _("Not proved"), columns, rows)


def incidents(found: Details) -> TableView:
    words = {
        "held": _("held: too much of it cannot be stored"),
        "cloned": _("two nodes with one identity"),
        "outdated": _("its release is too old; upgrade the node"),
        "restored": _("restored from an old copy"),
        "broken": _("the branch's rows are not those of its log"),
        "day_close": _("a day close differs"),
    }
    rows = [
        Row(
            {"at": row.opened_at, "what": words.get(row.kind, row.kind), "closed": row.closed_at},
            is_muted=row.closed_at is not None,
        )
        for row in found.incidents
    ]
    columns = [
        Column("what", _("What"), phone="head"),
        Column("at", _("Open since"), "instant", phone="second"),
        Column("closed", _("Until"), "instant"),
    ]
    return TableView("incidents", _("Incidents"), columns, rows)


def epochs(found: Details) -> TableView:
    words = {
        "first": _("first"),
        "restored": _("restored from a copy"),
        "rebuilt": _("rebuilt from HQ"),
    }
    rows = [
        Row(
            {
                "epoch": row.epoch[:SHORT],
                "why": words.get(row.reason, row.reason),
                "base": row.base,
                "at": row.begun_at,
            }
        )
        for row in found.epochs
    ]
    columns = [
        Column("epoch", _("Epoch"), phone="head"),
        Column("why", _("Reason"), phone="second"),
        Column("base", _("After position"), "number"),
        Column("at", _("Begun"), "instant"),
    ]
    return TableView("epochs", _("Epochs"), columns, rows)


def runs(found: Details) -> TableView:
    words = {"rebuild": _("rebuild"), "standby": _("standby")}
    rows = [
        Row(
            {
                "kind": words.get(run.kind, run.kind),
                "rows": run.rows,
                "total": run.total,
                "seq": run.seq,
                "bytes": run.wire_bytes,
                "at": run.started_at,
                "seen": run.seen_at,
            }
        )
        for run in found.runs
    ]
    columns = [
        Column("kind", _("What for"), phone="head"),
        Column("rows", _("Rows given"), "number", phone="second"),
        Column("total", _("Rows held"), "number"),
        Column("seq", _("Whole at"), "number", title=_("The position of the last consistent copy.")),
        Column("bytes", _("Sent"), "bytes"),
        Column("at", _("Begun"), "instant"),
        Column("seen", _("Last page"), "instant"),
    ]
    return TableView("runs", _("Copies given back"), columns, rows)


def job_of(run: SnapshotRun | None) -> Job | None:
    """The rebuild that is under way, or None."""
    if run is None or run.kind != "rebuild" or run.is_whole:
        return None
    elapsed = (clock.now() - run.started_at).total_seconds()
    return Job(
        _("Rebuild from HQ"),
        "running",
        run.rows,
        run.total or None,
        run.started_at,
        _("the branch's node"),
        rate_per_second=int(run.rows / elapsed) if elapsed >= 1 else None,
        rest_seconds=rest_seconds(run.rows, run.total, elapsed),
    )


def actions_of(found: Details) -> list[Action]:
    """What may be done, each asked first."""
    code = found.sync.branch.code
    made = [Action(_("Hash again ..."), f"/sync/{code}/scrub", "shield")] if found.sync.epoch else []
    if found.sync.status == "held":
        made.append(Action(_("Let through ..."), f"/sync/{code}/release", "arrow-right", is_danger=True))
    made += [Action(_("Rebuild ..."), f"/sync/{code}/rebuild", "refresh")] if found.sync.epoch else []
    made.append(Action(_("New standby ..."), f"/sync/{code}/standby", "plus"))
    if found.standby and found.standby.status == "following":
        made.append(Action(_("Drop standby ..."), f"/sync/{code}/drop-standby"))
    if found.sync.node == "active":
        made.append(Action(_("Revoke node ..."), f"/sync/{code}/revoke", "lock", is_danger=True))
    return made
