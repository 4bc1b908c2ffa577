"""Pages that give customers to somebody else: chosen ones, or all of a leaver."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from branch_node.bulk import BulkRow, ids_of, is_sure, preview
from branch_node.customers import owners, queries
from branch_node.customers.forms import AssignForm, HandOverForm, StateForm
from branch_node.customers.hand_overs import hand_overs, moved_words
from branch_node.customers.pages import AssignPage, HandOverPage, HandOversPage
from branch_node.customers.rules import STATUSES
from branch_node.customers.states import set_states as give_states
from branch_node.requests import path_id, query_id
from branch_node.staff.queries import colleague_for, names_of
from branch_node.undoing.actions import undo_url
from shared.errors import Invalid
from shared.i18n import gettext as _
from shared.i18n import ngettext
from shared.permissions import Person
from shared.records import Customer
from shared.web.forms import Form, empty_form, read_form, with_errors
from shared.web.parts import Crumb, Field, Option
from shared.web.responses import page, redirect


async def assign(request: Request) -> Response:
    """The chosen customers to somebody; without a name it asks for one."""
    person: Person = request.state.person
    form = await read_form(request, AssignForm)
    if form.errors:
        first_time = "to_id_text" not in await request.form()
        view = await assign_page(person, form, show_errors=not first_time)
        return page(request, "customers/assign.html", view, status=200 if first_time else 422)
    try:
        moved = await owners.assign_customers(person, form.value.ids, form.value.to_id)
    except Invalid as refused:
        view = await assign_page(person, with_errors(form, Invalid(fields={"to_id": first_message(refused)})))
        return page(request, "customers/assign.html", view, status=422)
    names = await names_of([form.value.to_id])
    toast = ngettext(
        "%(n)s customer assigned to %(name)s.",
        "%(n)s customers assigned to %(name)s.",
        moved,
        name=names.get(form.value.to_id, ""),
    )
    undo = await undo_url(Customer, form.value.ids[0]) if moved == len(set(form.value.ids)) else ""
    return redirect("/customers", toast=toast, undo=undo)


def first_message(refused: Invalid) -> str:
    return next(iter(refused.fields.values()), refused.message)


async def assign_page(person: Person, form: Form[AssignForm], *, show_errors: bool = True) -> AssignPage:
    ids: list[UUID] = []
    for text in form.texts("ids"):
        try:
            ids.append(UUID(text))
        except ValueError:
            continue
    rows = [await queries.customer_for(person, row_id, "customer.assign") for row_id in ids[:100]]
    return AssignPage(
        [row.id for row in rows], [row.name for row in rows], form if show_errors else Form(form.typed)
    )


async def ask_hand_over(request: Request) -> Response:
    """From whom to whom; once the leaver is known, what will move."""
    from_id = query_id(request, "from")
    form = empty_form(from_id=from_id)
    return page(request, "customers/hand_over.html", await hand_over_page(request.state.person, form))


async def hand_over_page(person: Person, form: Form[HandOverForm]) -> HandOverPage:
    ids: dict[str, UUID] = {}
    for name in ("from_id", "to_id"):
        try:
            ids[name] = UUID(form.text(name))
        except ValueError:
            continue
    holdings = None
    if "from_id" in ids:
        await colleague_for(person, ids["from_id"], "customer.assign")
        holdings = await queries.holdings(ids["from_id"])
    names = await names_of(ids.values())
    return HandOverPage(form, names.get(ids.get("from_id"), ""), names.get(ids.get("to_id"), ""), holdings)


async def show_hand_overs(request: Request) -> Response:
    """Who handed over from whom to whom, when, and what moved."""
    rows = await hand_overs(request.state.person)
    return page(request, "customers/hand_overs.html", HandOversPage(rows))


async def hand_over(request: Request) -> Response:
    """Move everything open of one employee to another one."""
    person: Person = request.state.person
    form = await read_form(request, HandOverForm)
    if form.errors:
        return page(request, "customers/hand_over.html", await hand_over_page(person, form), status=422)
    try:
        done = await owners.hand_over(person, form.value.from_id, form.value.to_id, form.value.reason)
    except Invalid as refused:
        view = await hand_over_page(person, with_errors(form, refused))
        return page(request, "customers/hand_over.html", view, status=422)
    names = await names_of([form.value.to_id])
    toast = _(
        "Handed over to %(name)s: %(moved)s.",
        name=names.get(form.value.to_id, ""),
        moved=moved_words(done.moved),
    )
    undo = f"/customers/hand-overs/{done.entry_id}/undo" if done.entry_id else ""
    return redirect("/customers/hand-overs", toast=toast, undo=undo)


async def undo_hand_over(request: Request) -> Response:
    """Everything back to whom it belonged."""
    back = await owners.undo_hand_over(request.state.person, path_id(request))
    toast = _("The hand-over is taken back: %(moved)s.", moved=moved_words(back))
    return redirect("/customers/hand-overs", toast=toast)


async def set_states(request: Request) -> Response:
    """Ticked customers become dormant or lost, or are woken up: first what would happen to each, then it happens."""
    person: Person = request.state.person
    form = await read_form(request, StateForm)
    ids = ids_of(form)
    rows = [await queries.customer_for(person, row_id, "customer.edit") for row_id in ids]
    wanted = form.value.status if not form.errors else "dormant"
    if is_sure(form) and not form.errors:
        changed = await give_states(person, ids, wanted)
        toast = ngettext("%(n)s customer changed.", "%(n)s customers changed.", changed)
        undo = await undo_url(Customer, ids[0]) if changed == len(ids) else ""
        return redirect("/customers", toast=toast, undo=undo)
    options = [Option(code, _(STATUSES[code])) for code in ("dormant", "lost", "customer")]
    fields = [Field("status", _("New state"), "radio", options=options)]
    shown = [BulkRow(row.id, row.name, _(STATUSES[row.status]), row.status != "merged") for row in rows]
    return preview(
        request, _("State of customers"), Crumb(_("Customers"), "/customers"), "/customers/states", _("Save state"), shown,
        form if is_sure(form) else empty_form(status=wanted), fields,
    )  # fmt: skip
