"""/directives: what was sent down and how far it got; writing, issuing, reminding, withdrawing."""

import base64
from collections.abc import Collection, Sequence
from typing import Any
from urllib.parse import quote
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from hq.asking import PAGE_ROWS, branches_of, house_of, number_of
from hq.directives import actions
from hq.directives.forms import DirectiveForm, UnitForm, is_past
from hq.directives.pages import AskPage, ListPage, ListRow, PickPage, ShowPage, WritePage
from hq.directives.queries import (
    DirectiveRow,
    directive_for,
    directives,
    files_of,
    people_of,
    received,
    unit_named,
    units_in,
    units_like,
)
from hq.directives.rules import Progress, Received, Unit, by_branch, progress_of, with_unit
from hq.figures.freshness import Directory, directory
from hq.figures.shape import Question, Watermark
from hq.live import topics_of
from hq.tables import mark_of, pages, titled, url_with
from shared.errors import Invalid, NotFound
from shared.i18n import N_, ngettext
from shared.i18n import gettext as _
from shared.records import Directive, DirectiveFile
from shared.vocabulary import DIRECTIVE_KINDS
from shared.web.filters import as_of
from shared.web.forms import Form, empty_form, read_form, with_error, with_errors
from shared.web.live import Push, live, partial
from shared.web.parts import Action, Column, Confirm, Coverage, Crumb, Field, Missing, Option, Row, TableView
from shared.web.responses import page, part, redirect, render

TICKED_MOST = 40
NAMED_MISSING = 8
LIVE_SECONDS = 2.0
UNIT_WORDS = {
    "company": N_("All branches"),
    "branch": N_("Branch"),
    "department": N_("Department"),
    "employee": N_("Employee"),
}


def scope(request: Request, action: str = "directive.view") -> frozenset[str] | None:
    """The branches on which the reader may do this."""
    return branches_of(request.state.person, action)


async def known_branches(request: Request, codes: frozenset[str] | None) -> Directory:
    """The branches in scope with their names and freshness."""
    house = house_of(request.app.state.settings)
    return await directory(Question(branches=codes, locale=request.state.locale, house=house))


def id_in(request: Request, name: str = "id") -> UUID:
    """The id in the address; NotFound when it is none."""
    try:
        return UUID(request.path_params[name])
    except ValueError:
        raise NotFound() from None


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


# --- writing ------------------------------------------------------------------------------------------------------


async def new(request: Request) -> Response:
    """The empty form."""
    return await write_page(request, empty_form(kind="decision"))


async def write_page(
    request: Request, form: Form[Any], directive: Directive | None = None, status: int = 200
) -> Response:
    """The form of a new directive or a draft."""
    codes = scope(request, "directive.issue")
    branches = await known_branches(request, codes)
    fields = [
        Field("title", _("Title"), width="full", max_length=200, is_focused=directive is None),
        Field(
            "kind",
            _("Kind"),
            "select",
            options=[Option(key, _(label)) for key, label in DIRECTIVE_KINDS.items()],
        ),
        Field("body", _("Text"), "area", is_optional=True, width="full", rows=8),
        Field("deadline_on", _("Acknowledge by"), "date", is_optional=True),
    ]
    pick = Field("unit", _("Add a branch, department or person"), "pick", pick_url="/directives/recipients")
    if directive is None:
        fields.append(Field("branches", _("Sent to"), "checks", options=branch_options(branches, codes)))
    fields.append(
        Field(
            "document",
            _("Attachment"),
            "file",
            _("At most 5 MB; more can be added to the draft."),
            is_optional=True,
        )
    )
    labels = {field.name: field.label for field in fields}
    view = WritePage(
        title=_("Write directive") if directive is None else _("Draft: %(title)s", title=directive.title),
        form=form,
        fields=fields,
        labels=labels,
        action_url="/directives/new" if directive is None else f"/directives/{directive.id}",
        is_draft=directive is not None,
        units=[(unit, unit_text(unit, branches)) for unit in units_in(directive)] if directive else (),
        files=await files_of(directive.id) if directive else (),
        url=f"/directives/{directive.id}" if directive else "",
        pick=pick if directive else None,
    )
    return page(request, "directives/write.html", view, status=status)


def branch_options(branches: Directory, codes: frozenset[str] | None) -> list[Option]:
    """The whole company and its branches to tick; with very many branches they are added one by one to the draft."""
    options = [Option("*", _("All branches"))] if codes is None else []
    if len(branches.branches) <= TICKED_MOST:
        options += [Option(branch.code, branch.name) for branch in branches.branches]
    return options


def unit_text(unit: Unit, branches: Directory) -> str:
    """A recipient in words: Shanghai; Sales (Shanghai); Lin Na (Shanghai)."""
    if unit.kind == "company":
        return _("All branches")
    branch = branches.get(unit.branch)
    place = branch.name if branch else unit.branch
    return place if unit.kind == "branch" else f"{unit.name} ({place})"


async def create(request: Request) -> Response:
    """Keep the draft; the next page asks whether to issue it."""
    codes = scope(request, "directive.issue")
    form = await read_form(request, DirectiveForm)
    if form.errors:
        return await write_page(request, form, status=422)
    value = form.value
    chosen: list[Unit] = []
    for code in value.branches:
        unit = await unit_named("company" if code == "*" else f"branch:{code}", codes)
        if unit is not None:
            chosen = with_unit(chosen, unit)
    directive = await actions.write_directive(
        title=value.title, kind=value.kind, body=value.body, deadline_on=value.deadline_on, units=chosen,
        author=request.state.person.name,
    )  # fmt: skip
    refused = await attached(form, directive)
    if refused is not None:
        return redirect(
            f"/directives/{directive.id}",
            toast=_("Draft saved without the document: it is empty or over 5 MB."),
        )
    after = f"/directives/{directive.id}/issue" if chosen else f"/directives/{directive.id}"
    return redirect(after, toast=_("Draft saved."))


async def attached(form: Form[DirectiveForm], directive: Directive) -> Invalid | None:
    """Attach the chosen file, if any; what was wrong with it."""
    upload = form.value.upload
    if upload is None:
        return None
    try:
        await actions.attach(
            directive,
            upload.filename or "document",
            upload.content_type or "application/octet-stream",
            await upload.read(),
        )
    except Invalid as wrong:
        return wrong
    return None


async def save(request: Request) -> Response:
    """Change the words of a draft, attach one more document."""
    directive = await directive_for(id_in(request), scope(request, "directive.issue"))
    form = await read_form(request, DirectiveForm)
    if form.errors:
        return await write_page(request, form, directive, 422)
    value = form.value
    await actions.change_directive(
        directive, title=value.title, kind=value.kind, body=value.body, deadline_on=value.deadline_on
    )
    refused = await attached(form, directive)
    if refused is not None:
        return await write_page(request, with_errors(form, refused), directive, 422)
    return redirect(f"/directives/{directive.id}", toast=_("Draft saved."))


async def add_unit(request: Request) -> Response:
    """One more recipient of a draft."""
    codes = scope(request, "directive.issue")
    directive = await directive_for(id_in(request), codes)
    form = await read_form(request, UnitForm)
    unit = None if form.errors else await unit_named(form.value.unit, codes)
    if unit is None:
        shown = with_error(form_of(directive), "unit", _("Choose one from the list."))
        return await write_page(request, shown, directive, 422)
    await actions.set_units(directive, with_unit(units_in(directive), unit))
    return redirect(f"/directives/{directive.id}")


async def remove_unit(request: Request) -> Response:
    """One recipient less."""
    directive = await directive_for(id_in(request), scope(request, "directive.issue"))
    form = await read_form(request, UnitForm)
    code = "" if form.errors else form.value.unit
    await actions.set_units(directive, [unit for unit in units_in(directive) if unit.code != code])
    return redirect(f"/directives/{directive.id}")


async def detach(request: Request) -> Response:
    """Take a document off a draft."""
    directive = await directive_for(id_in(request), scope(request, "directive.issue"))
    await actions.detach(directive, id_in(request, "file_id"))
    return redirect(f"/directives/{directive.id}")


async def recipients(request: Request) -> Response:
    """The typeahead of recipients."""
    text = request.query_params.get("q", "").strip()[:60]
    codes = scope(request, "directive.issue")
    branches = await known_branches(request, codes)
    found = await units_like(text, codes) if text else []
    hits = [Option(unit.code, unit_text(unit, branches), _(UNIT_WORDS[unit.kind])) for unit in found]
    return part(request, "directives/pick.html", PickPage(hits))


def form_of(directive: Directive) -> Form[Any]:
    """The form that shows a draft."""
    return empty_form(
        title=directive.title, kind=directive.kind, body=directive.body, deadline_on=directive.deadline_on
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
