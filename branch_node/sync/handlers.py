"""/sync: has headquarters got it?"""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from branch_node.sync.conflicts import open_count
from branch_node.sync.pages import SyncPage
from branch_node.sync.queries import Sync, sync
from shared.canonical import from_micros
from shared.database.nudge import hurry
from shared.i18n import gettext as _
from shared.i18n import ngettext
from shared.vocabulary import table_word
from shared.web.filters import instant, number
from shared.web.parts import Column, Row, TableView
from shared.web.responses import page, part, redirect

SHORT = 12


async def show(request: Request) -> Response:
    """The answer in a sentence, then what waits and what has come; what an open page asks for again and again with `part`."""
    found = await sync()
    has_hq = bool(request.app.state.settings.hq_url)
    words, tone = sentence(found, has_hq)
    view = SyncPage(words, tone, note(found, has_hq), has_hq, tables_of(found), await open_count())
    if request.query_params.get("part"):
        return part(request, "sync/show.html", view, block="state")
    return page(request, "sync/show.html", view)


async def send_now(request: Request) -> Response:
    """Wake the sender, also when it waits before trying again; it wakes by itself with every change."""
    hurry()
    return redirect("/sync", toast=_("Sending has been started."))


def sentence(found: Sync, has_hq: bool) -> tuple[str, str]:
    """Whether headquarters has it all, and the tone of that."""
    if not has_hq:
        return _("This branch works alone: it has no address of HQ (TRUNKLINE_HQ_URL)."), "muted"
    count = found.waiting_count
    if found.trouble == "fenced":
        return _("Another node has taken over this branch. What HQ had not seen was handed to it."), "bad"
    if found.trouble == "outdated":
        return _("HQ no longer reads what this release writes. Upgrade this node; its changes wait here and will be sent."), "bad"  # fmt: skip
    if found.trouble in ("refused", "held"):
        return taken_nothing(found.trouble, count), "bad"
    if found.trouble:
        return _("HQ refuses this node: another one with its identity is alive. Nothing is lost."), "bad"
    if found.unreachable_since is not None:
        since = instant(found.unreachable_since)
        text = ngettext("HQ unreachable since %(time)s. %(n)s change waits here and will be sent.", "HQ unreachable since %(time)s. %(n)s changes wait here and will be sent.", count, time=since)  # fmt: skip
        return text, "bad"
    if found.contact_at is None:
        return _("HQ was never reached. Enrol this branch: python -m branch_node enrol TOKEN"), "warn"
    if count:
        return ngettext("%(n)s change is on its way to HQ.", "%(n)s changes are on their way to HQ.", count), "warn"  # fmt: skip
    return _("HQ has everything that was written here."), "ok"


def taken_nothing(trouble: str, count: int) -> str:
    """Why headquarters, which answers, takes nothing of this node until somebody there has acted."""
    if trouble == "held":
        return ngettext("HQ holds this branch back: too many of its changes could not be taken over. %(n)s change waits here until an administrator of HQ lets it through.", "HQ holds this branch back: too many of its changes could not be taken over. %(n)s changes wait here until an administrator of HQ lets them through.", count)  # fmt: skip
    return ngettext("HQ refuses this node: it was revoked, or another machine was set up in its place. %(n)s change waits here and is not sent until an administrator of HQ admits this node again.", "HQ refuses this node: it was revoked, or another machine was set up in its place. %(n)s changes wait here and are not sent until an administrator of HQ admits this node again.", count)  # fmt: skip


def note(found: Sync, has_hq: bool) -> str:
    """When it was last accepted."""
    if not has_hq or found.acked_at is None:
        return ""
    return _("Last accepted %(time)s, up to position %(position)s of %(head)s.", time=instant(found.acked_at, seconds=True), position=number(found.acked_seq), head=number(found.head_seq))  # fmt: skip


def tables_of(found: Sync) -> list[TableView]:
    """What waits, what came from headquarters, the epochs of the log; what is empty left out."""
    views = [waiting_table(found.waiting), inbox_table(found), aside_table(found), epoch_table(found)]
    return [view for view in views if view.rows]


def waiting_table(rows: Sequence[dict[str, Any]]) -> TableView:
    columns = [
        Column("table", _("Table"), phone="head"),
        Column("count", _("Waiting to send"), "number", phone="second"),
        Column("oldest", _("Oldest"), "instant"),
    ]
    found = [
        Row(
            {
                "table": table_word(row["tbl"]),
                "count": row["n"],
                "oldest": from_micros(int(row["oldest"]) * 1_000),
            }
        )
        for row in rows
    ]
    return TableView("waiting", _("Waiting to send"), columns, found)


def inbox_table(found: Sync) -> TableView:
    """How far headquarters' own rows are here."""
    inbox = found.inbox
    if inbox.heard_at is None:
        return TableView("inbox", _("From HQ"), [], [])
    behind = max(inbox.head_seq - inbox.seq, 0)
    pairs = [
        (
            _("Log position"),
            _("%(position)s, %(waiting)s behind", position=number(inbox.seq), waiting=number(behind)),
        ),
        (_("Last heard of"), instant(inbox.heard_at, seconds=True)),
        (_("Last change"), instant(inbox.applied_at, seconds=True) if inbox.applied_at else None),
    ]
    if inbox.replaced_at:
        pairs.append((_("HQ was put back from a copy"), instant(inbox.replaced_at)))
    columns = [Column("what", _("Item"), phone="head"), Column("value", _("Value"), phone="second")]
    return TableView(
        "inbox",
        _("From HQ"),
        columns,
        [Row({"what": what, "value": value}) for what, value in pairs],
    )


def aside_table(found: Sync) -> TableView:
    words = {"refused": _("cannot be stored here"), "lost": _("no longer known at HQ")}
    columns = [
        Column("table", _("Table"), phone="head"),
        Column("why", _("Reason"), phone="second"),
        Column("at", _("Noted"), "instant"),
        Column("row", _("Row"), "text"),
    ]
    rows = [
        Row(
            {
                "table": table_word(one.tbl),
                "why": words.get(one.kind, one.kind),
                "at": one.noted_at,
                "row": one.row_id,
            }
        )
        for one in found.aside
    ]
    return TableView("aside", _("Set aside"), columns, rows)


def epoch_table(found: Sync) -> TableView:
    words = {
        "first": _("first"),
        "restored": _("restored from a copy"),
        "rebuilt": _("rebuilt from HQ"),
    }
    columns = [
        Column("epoch", _("Epoch"), phone="head"),
        Column("why", _("Reason"), phone="second"),
        Column("base", _("After position"), "number"),
        Column("at", _("Begun"), "instant"),
    ]
    rows = [
        Row(
            {
                "epoch": one.epoch[:SHORT],
                "why": words.get(one.reason, one.reason),
                "base": one.base,
                "at": one.begun_at,
            }
        )
        for one in found.epochs
    ]
    return TableView("epochs", _("Epochs of this log"), columns, rows)
