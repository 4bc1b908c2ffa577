"""/directives: what was sent down and how far it got; issuing, reminding, withdrawing. Writing is in `drafts`."""

import base64
from collections.abc import Collection, Sequence
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from hq.asking import PAGE_ROWS, house_of, number_of
from hq.directives import actions
from hq.directives.addresses import id_in, known_branches, scope
from hq.directives.drafts import form_of, unit_text, write_page
from hq.directives.forms import is_past
from hq.directives.pages import AskPage, ListPage, ListRow, ShowPage
from hq.directives.queries import (
    DirectiveRow,
    directive_for,
    directives,
    files_of,
    people_of,
    received,
    units_in,
)
from hq.directives.rules import Progress, Received, by_branch, progress_of
from hq.figures.freshness import Directory
from hq.figures.shape import Watermark
from hq.live import topics_of
from hq.tables import mark_of, pages, titled, url_with
from shared.errors import Invalid, NotFound
from shared.i18n import gettext as _
from shared.i18n import ngettext
from shared.records import Directive, DirectiveFile
from shared.vocabulary import DIRECTIVE_KINDS
from shared.web.filters import as_of
from shared.web.forms import with_errors
from shared.web.live import Push, live, partial
from shared.web.parts import Action, Column, Confirm, Coverage, Crumb, Missing, Row, TableView
from shared.web.responses import page, redirect, render

NAMED_MISSING = 8
LIVE_SECONDS = 2.0


async def show(request: Request) -> Response:
    """All directives with their coverage."""
    codes = scope(request)
    offset = number_of(request.query_params, "offset", 0, 10**6)
    found, count = await directives(codes, PAGE_ROWS, offset)
    today = house_of(request.app.state.settings).today()
    may_write = request.state.person.may("directive.issue")
    write = [Action(_("Write directive"), "/directives/new", "plus", is_primary=True, key="n")]
    following, previous = pages(offset, PAGE_ROWS, count)
    rows = [
        ListRow(
            row, _(DIRECTIVE_KINDS.get(row.kind, row.kind)), coverage_of(row.progress), is_late(row, today)
        )
        for row in found
    ]
    return page(
        request,
        "directives/list.html",
        ListPage(rows, count, write if may_write else [], following, previous),
    )


def is_late(row: DirectiveRow, today: Any) -> bool:
    """Past its deadline and not acknowledged by everybody."""
    return (
        row.status == "issued"
        and is_past(row.deadline_on, today)
        and row.progress.acknowledged < row.progress.total
    )


def coverage_of(progress: Progress, missing: Sequence[Missing] = ()) -> Coverage:
    """The counts as a part."""
    return Coverage(
        progress.total, progress.delivered, progress.read, progress.acknowledged, progress.done, missing
    )


# --- one directive ------------------------------------------------------------------------------------------------


async def show_one(request: Request) -> Response:
    """A draft to go on with, or how far an issued one got."""
    codes = scope(request)
    directive = await directive_for(id_in(request), codes)
    if directive.status == "draft" and request.state.person.may("directive.issue"):
        return await write_page(request, form_of(directive), directive)
    return page(request, "directives/show.html", await view_of(request, directive, codes))


async def view_of(request: Request, directive: Directive, codes: frozenset[str] | None) -> ShowPage:
    """The page of an issued directive."""
    branches = await known_branches(request, codes)
    rows = await received(directive.id, codes)
    today = house_of(request.app.state.settings).today()
    progress = progress_of(rows)
    url = f"/directives/{directive.id}"
    return ShowPage(
        id=str(directive.id),
        title=directive.title,
        number=directive.number,
        kind=_(DIRECTIVE_KINDS.get(directive.kind, directive.kind)),
        body=directive.body,
        status=directive.status,
        issued_at=directive.issued_at,
        issued_by=directive.issued_by_name,
        deadline_on=directive.deadline_on,
        is_late=is_past(directive.deadline_on, today) and progress.acknowledged < progress.total,
        reminded_at=directive.reminded_at,
        units=[unit_text(unit, branches) for unit in units_in(directive)],
        files=await files_of(directive.id),
        coverage=coverage_of(progress),
        table=branch_table(rows, branches),
        crumbs=[Crumb(_("Directives"), "/directives")],
        actions=actions_of(request, directive, url, progress),
        live_url=f"/live{url}",
    )


def actions_of(request: Request, directive: Directive, url: str, progress: Progress) -> list[Action]:
    """What the reader may do with it now."""
    if directive.status != "issued" or not request.state.person.may("directive.issue"):
        return []
    found = [Action(_("Withdraw directive"), f"{url}/withdraw", "x", is_danger=True)]
    if progress.acknowledged < progress.total:
        found.insert(0, Action(_("Remind"), f"{url}/remind", "bell", method="POST"))
    return found


def branch_table(rows: Sequence[Received], branches: Directory) -> TableView:
    """Each branch: how many have come how far, and who has not acknowledged, with the reason where it is the line."""
    columns = [
        Column("name", _("Branch"), phone="head"),
        Column("mark", _("As of"), "watermark", phone="second"),
        Column("total", _("Recipients"), "number"),
        Column("delivered", _("Delivered"), "number"),
        Column("read", titled(_("read")), "number"),
        Column("acknowledged", _("Acknowledged"), "number", phone="second"),
        Column("done", _("Done"), "number"),
        Column("missing", _("Not acknowledged"), phone="rest"),
    ]
    found = []
    for code, own in by_branch(rows).items():
        branch, progress = branches.get(code), progress_of(own)
        found.append(
            Row(
                {
                    "name": branch.name if branch else code,
                    "mark": mark_of(branch.mark) if branch else None,
                    "total": progress.total,
                    "delivered": progress.delivered,
                    "read": progress.read,
                    "acknowledged": progress.acknowledged,
                    "done": progress.done,
                    "missing": missing_text(own, branch.mark if branch else None),
                },
                id=code,
                url=f"/branches/{code}",
                is_muted=bool(branch and branch.mark.state in ("unreachable", "never")),
            )
        )
    return TableView("coverage", _("Coverage by branch"), columns, found)


def missing_text(rows: Sequence[Received], mark: Watermark | None) -> str | None:
    """Who has not acknowledged; None when everybody has."""
    names = [row.name for row in rows if not row.has("acknowledged")]
    if not names:
        return None
    text = _(", ").join(names[:NAMED_MISSING])
    if len(names) > NAMED_MISSING:
        text += " " + ngettext("and %(n)s more person", "and %(n)s more people", len(names) - NAMED_MISSING)
    if mark is not None and mark.state == "unreachable":
        text += " " + _("(branch unreachable since %(time)s)", time=as_of(mark.contact_at))
    return text


async def stream(request: Request) -> Response:
    """The open page, brought up to date when a branch has sent something."""
    codes = scope(request)
    directive = await directive_for(id_in(request), codes)

    async def push(_changed: Collection[str]) -> Sequence[Push]:
        view = await view_of(request, directive, codes)
        return [partial("#directive-live", render(request, "directives/show.html", view, block="live"))]

    return live(request, topics=topics_of(directive.audience), render=push, interval_seconds=LIVE_SECONDS)


async def download(request: Request) -> Response:
    """An attached document, as it was attached."""
    directive = await directive_for(id_in(request), scope(request))
    pieces = await DirectiveFile.filter(
        directive_id=directive.id, file_id=id_in(request, "file_id"), deleted_at=None
    ).order_by("position")
    if not pieces or len(pieces) != pieces[0].pieces:
        raise NotFound()
    content = b"".join(base64.b64decode(piece.content) for piece in pieces)
    return Response(
        content,
        media_type="application/octet-stream",
        headers={
            "content-disposition": f"attachment; filename*=UTF-8''{quote(pieces[0].name)}",
            "x-content-type-options": "nosniff",
            "cache-control": "private, no-store",
        },
    )


# --- acts ---------------------------------------------------------------------------------------------------------


async def ask_issue(request: Request) -> Response:
    """The question before it goes out, with how many will receive it."""
    codes = scope(request, "directive.issue")
    directive = await directive_for(id_in(request), codes)
    people = await people_of(units_in(directive), codes)
    url = f"/directives/{directive.id}"
    count = len({person.branch for person in people})
    confirm = Confirm(
        _('Issue "%(title)s"?', title=directive.title),
        f"{url}/issue",
        _("Issue directive"),
        url,
        [
            ngettext("%(n)s person will receive it.", "%(n)s people will receive it.", len(people)),
            ngettext("It goes to %(n)s branch.", "It goes to %(n)s branches.", count),
            _("Recipients and text are fixed from then on; somebody employed later does not receive it."),
        ],
        is_danger=False,
    )
    return page(request, "directives/ask.html", AskPage(confirm))


async def issue(request: Request) -> Response:
    """Send it down."""
    codes = scope(request, "directive.issue")
    directive = await directive_for(id_in(request), codes)
    try:
        count = await actions.issue(directive, codes, request.state.person.name)
    except Invalid as refused:
        return await write_page(request, with_errors(form_of(directive), refused), directive, 422)
    text = ngettext("Issued to %(n)s person.", "Issued to %(n)s people.", count)
    return redirect(f"/directives/{directive.id}", toast=text)


async def remind(request: Request) -> Response:
    """Ask again whoever has not acknowledged."""
    directive = await directive_for(id_in(request), scope(request, "directive.issue"))
    await actions.remind(directive)
    return redirect(
        f"/directives/{directive.id}", toast=_("Reminder sent to everybody who has not acknowledged.")
    )


async def ask_withdraw(request: Request) -> Response:
    """The question before it is taken back."""
    directive = await directive_for(id_in(request), scope(request, "directive.issue"))
    url = f"/directives/{directive.id}"
    confirm = Confirm(
        _('Withdraw "%(title)s"?', title=directive.title),
        f"{url}/withdraw",
        _("Withdraw directive"),
        url,
        [_("Branches show it as withdrawn; what was acknowledged or done stays recorded.")],
    )
    return page(request, "directives/ask.html", AskPage(confirm))


async def withdraw(request: Request) -> Response:
    """Take it back everywhere."""
    directive = await directive_for(id_in(request), scope(request, "directive.issue"))
    await actions.withdraw(directive)
    return redirect("/directives", toast=_("Withdrawn."))


async def drop(request: Request) -> Response:
    """Throw a draft away."""
    directive = await directive_for(id_in(request), scope(request, "directive.issue"))
    await actions.drop_draft(directive)
    return redirect(url_with("/directives"), toast=_("Draft thrown away."))
