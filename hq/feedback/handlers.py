"""/feedback: what customers told the branches, and what still waits for an answer."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from hq.asking import question_of
from hq.feedback.pages import FeedbackPage
from hq.feedback.queries import SORTS, FeedbackRow, Wanted, counts, feedback_page
from hq.figures.freshness import Directory, directory
from hq.tables import mark_of, total_of
from shared.i18n import N_
from shared.i18n import gettext as _
from shared.web.forms import empty_form
from shared.web.keyset import Cut, neighbours, paging
from shared.web.parts import Column, Empty, Field, Filters, Option, Row, Tab, TableView
from shared.web.responses import page
from shared.web.templating import with_query

KINDS: Mapping[str, str] = {
    "complaint": N_("complaint"),
    "suggestion": N_("suggestion"),
    "question": N_("question"),
    "praise": N_("praise"),
    "comment": N_("comment"),
}
LEVELS: Mapping[str, str] = {"high": N_("high"), "normal": N_("normal"), "low": N_("low")}
STATES: Mapping[str, str] = {
    "open": N_("open"), "assigned": N_("assigned"), "answered": N_("answered"), "closed": N_("closed"),
}  # fmt: skip


async def show(request: Request) -> Response:
    """Of all branches the reader may see, or of one."""
    params = request.query_params
    question = question_of(request, "feedback.view")
    known = await directory(question)
    chosen = params.get("branch", "")
    codes = [branch.code for branch in known.branches if not chosen or branch.code == chosen]
    is_open = params.get("view", "open") != "all"
    kind = params.get("kind", "") if params.get("kind", "") in KINDS else ""
    search = params.get("q", "").strip()[:80]
    wanted = Wanted(codes, is_open, kind, search)
    cut = await feedback_page(wanted, paging(params, SORTS, "-day"))
    view = FeedbackPage(
        mark=total_of([branch.mark for branch in known.branches if branch.code in codes]),
        tabs=[
            Tab(_("To be answered"), with_query(view=None, after=None, before=None), is_open),
            Tab(_("All"), with_query(view="all", after=None, before=None), not is_open),
        ],
        waiting=waiting_table(known, codes, await counts(wanted)),
        filters=filters(known, chosen, kind, search, is_open=is_open),
        table=list_table(known, cut),
    )
    return page(request, "feedback/list.html", view)


def waiting_table(known: Directory, codes: list[str], waiting: Mapping[str, tuple[int, int]]) -> TableView:
    """How much waits in each branch. A branch that was never seen has no number, not zero."""
    rows = [
        Row(
            {
                "branch": branch.name,
                "mark": mark_of(branch.mark),
                "waiting": waiting.get(branch.code, (0, 0))[0] if branch.mark.state != "never" else None,
                "urgent": waiting.get(branch.code, (0, 0))[1] if branch.mark.state != "never" else None,
            },
            branch.code,
            with_query("/feedback", branch=branch.code, after=None, before=None),
        )
        for branch in known.branches
        if branch.code in codes
    ]
    return TableView(
        "waiting", _("Waiting for an answer"),
        [
            Column("branch", _("Branch"), phone="head"), Column("mark", _("As of"), "watermark", phone="second"),
            Column("waiting", _("To be answered"), "number", phone="second"), Column("urgent", _("Urgent"), "number"),
        ],
        rows,
    )  # fmt: skip


def filters(known: Directory, chosen: str, kind: str, search: str, *, is_open: bool) -> Filters:
    branches = [Option("", _("All")), *(Option(branch.code, branch.name) for branch in known.branches)]
    kinds = [Option("", _("All")), *(Option(code, _(label)) for code, label in KINDS.items())]
    fields = [
        Field("q", _("Customer or subject"), "search"),
        Field("branch", _("Branch"), "select", options=branches, width="s"),
        Field("kind", _("Kind"), "select", options=kinds, width="s"),
    ]
    keep = {} if is_open else {"view": "all"}
    return Filters(fields, empty_form(q=search, branch=chosen, kind=kind), "/feedback", keep=keep)


def list_table(known: Directory, cut: Cut[FeedbackRow]) -> TableView:
    """The list; where it is answered stands in the row."""
    names = {branch.code: branch.name for branch in known.branches}
    following, previous = neighbours(cut)
    return TableView(
        "feedback", _("Feedback"),
        [
            Column("subject", _("Subject"), phone="head"), Column("branch", _("Branch"), phone="second"),
            Column("day", _("Day"), "day", phone="second"), Column("kind", _("Kind")), Column("level", _("Level")),
            Column("customer", _("Customer")), Column("status", _("State")), Column("assignee", _("Handled by")),
        ],
        [Row(cells(row, names), row.id) for row in cut.rows],
        next_url=following, previous_url=previous,
        empty=Empty("nothing", _("What customers tell the branches appears here.")),
    )  # fmt: skip


def cells(row: FeedbackRow, names: Mapping[str, str]) -> dict[str, object]:
    return {
        "subject": row.subject, "branch": names.get(row.branch, row.branch), "day": row.day,
        "kind": _(KINDS.get(row.kind, row.kind)), "level": _(LEVELS.get(row.level, row.level)),
        "customer": row.customer or None, "status": _(STATES.get(row.status, row.status)),
        "assignee": row.assignee or None,
    }  # fmt: skip
