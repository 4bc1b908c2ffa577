"""Pages of market notes."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from branch_node.customers.queries import customer_names, standing_customer
from branch_node.intelligence import actions, queries
from branch_node.intelligence.forms import LineForm, ListForm, NoteForm
from branch_node.intelligence.pages import ListPage, NotePage
from branch_node.intelligence.rules import KINDS, read_note, safe_link
from branch_node.lists import neighbours, paging
from branch_node.requests import path_id
from branch_node.staff.queries import names_of
from branch_node.undoing.actions import undo_url
from shared.errors import Invalid
from shared.i18n import gettext as _
from shared.permissions import Person, Scope
from shared.records import IntelNote
from shared.web.forms import Form, empty_form, read_form, read_query, with_errors
from shared.web.parts import Chip, Field, Filters, Option, Tab
from shared.web.responses import page, redirect
from shared.web.templating import with_query


def words() -> dict[str, str]:
    return {kind: _(label) for kind, label in KINDS.items()}


async def list_page(request: Request, line_form: Form[Any]) -> ListPage:
    person: Person = request.state.person
    form = read_query(request, ListForm)
    wanted = form.value if not form.errors else ListForm()
    pages = paging(request.query_params, queries.SORTS, "-day")
    cut = await queries.note_page(person, wanted, pages)
    following, previous = neighbours(cut)
    labels = {"": _("All"), "industry": _("The trade"), "competitor": _("Competitors")}
    tabs = [
        Tab(text, with_query("/intel", kind=kind or None, after=None, before=None), kind == wanted.kind)
        for kind, text in labels.items()
    ]
    chips = [Chip(_('contains "%(text)s"', text=wanted.q), with_query("/intel", q=None))] if wanted.q else []
    bar = Filters(
        [Field("q", _("Text or competitor"), "search")], form, "/intel", chips, "", "/intel" if chips else "",
        {"kind": wanted.kind} if wanted.kind else {},
    )  # fmt: skip
    return ListPage(
        rows=cut.rows,
        form=line_form,
        tabs=tabs,
        filters=bar,
        words=words(),
        kind=wanted.kind or "industry",
        next_url=following,
        previous_url=previous,
        can_edit=person.may("intel.edit"),
        is_filtered=bool(chips),
    )


async def show_list(request: Request) -> Response:
    return page(request, "intelligence/list.html", await list_page(request, empty_form()))


async def add_line(request: Request) -> Response:
    """One typed line becomes one note."""
    form = await read_form(request, LineForm)
    if form.errors:
        return page(request, "intelligence/list.html", await list_page(request, form), status=422)
    await actions.add_line(request.state.person, read_note(form.value.line, form.value.kind))
    return redirect("/intel", toast=_("Note saved."))


async def show_note(request: Request) -> Response:
    note = await queries.note_for(request.state.person, path_id(request))
    names = ("kind", "title", "text", "source", "competitor", "customer_id", "happened_on")
    form = empty_form(**{name: getattr(note, name) for name in names})
    return page(request, "intelligence/note.html", await note_page(request.state.person, form, note))


async def note_page(person: Person, form: Form[Any], note: IntelNote) -> NotePage:
    scope = person.scope("intel.edit")
    is_manager = scope is not None and scope >= Scope.BRANCH and person.may("task.assign")
    customers = await customer_names([note.customer_id])
    names = await names_of([note.owner_id])
    return NotePage(
        note_id=note.id,
        form=form,
        kinds=[Option(kind, label) for kind, label in words().items()],
        customer=customers.get(note.customer_id, ""),
        link=safe_link(note.source),
        writer=names.get(note.owner_id, ""),
        can_edit=scope is not None and (note.owner_id == person.id or is_manager),
        words=words(),
    )


async def change_note(request: Request) -> Response:
    person: Person = request.state.person
    note = await queries.note_for(person, path_id(request), "intel.edit")
    form = await read_form(request, NoteForm)
    if not form.errors:
        if form.value.customer_id is not None and form.value.customer_id != note.customer_id:
            await standing_customer(person, form.value.customer_id)
        try:
            await actions.change_note(person, note, form.value)
        except Invalid as refused:
            form = with_errors(form, refused)
        else:
            return redirect("/intel", toast=_("Note saved."))
    return page(request, "intelligence/note.html", await note_page(person, form, note), status=422)


async def take_back(request: Request) -> Response:
    person: Person = request.state.person
    note = await queries.note_for(person, path_id(request), "intel.edit")
    await actions.take_back(person, note)
    return redirect("/intel", toast=_("Note taken back."), undo=await undo_url(IntelNote, note.id))
