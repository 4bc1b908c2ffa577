"""Pages of My day: the plan typed, carried, done, ordered and closed; what others put on it arrives by itself."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from branch_node.customers.queries import customer_for, pick_customers, standing_customer
from branch_node.home import today as branch_today
from branch_node.live import plan_topic
from branch_node.plans import actions, queries
from branch_node.plans.forms import CloseForm, ItemForm, LineForm, MoveForm, ResultForm
from branch_node.plans.pages import ItemPage, MyDayPage, SuggestPage
from branch_node.plans.rules import KINDS, read_line
from branch_node.requests import path_id
from branch_node.undoing.actions import undo_url
from shared.errors import Invalid, NotFound
from shared.i18n import gettext as _
from shared.i18n import ngettext
from shared.permissions import Person
from shared.records import PlanItem
from shared.web.forms import Form, empty_form, read_form, with_errors
from shared.web.live import Push, live, partial
from shared.web.parts import Option
from shared.web.responses import is_htmx, page, part, redirect, render

LIVE_SECONDS = 2.0


def kind_labels() -> dict[str, str]:
    return {kind: _(label) for kind, label in KINDS.items()}


async def my_day_view(
    person: Person, form: Form[LineForm] | None = None, told: str = "", undo: str = ""
) -> MyDayPage:
    """What My day shows now; `told` is what was just done, `undo` takes it back."""
    day = branch_today()
    plan = await queries.day_of(person.id, day, is_own=True)
    return MyDayPage(plan, form or empty_form(), kind_labels(), day - timedelta(days=1), told, undo)


async def my_day(request: Request) -> Response:
    """The landing page; whoever has no plan of his own goes to the staff when he looks after it (an administrator), else to the
    first page of his menu."""
    person: Person = request.state.person
    if not person.may("plan.view"):
        if person.may("staff.edit"):
            return redirect("/staff")
        entries = request.app.state.site.menu_for(person)
        return redirect(entries[0].url if entries else "/me")
    return page(request, "plans/my_day.html", await my_day_view(request.state.person))


async def my_day_live(request: Request) -> Response:
    """The stream of My day: what a manager assigned or commented, a record that proves an item, another window."""
    person: Person = request.state.person
    told: list[object] = []

    async def changes(changed: Collection[str]) -> Sequence[Push]:
        view = await my_day_view(person)
        if told == [view.plan]:
            return []
        told[:] = [view.plan]
        return [partial("#my-day-live", render(request, "plans/my_day_items.html", view))]

    return live(request, topics=[plan_topic(person.id)], render=changes, interval_seconds=LIVE_SECONDS)


async def after_change(
    request: Request, form: Form[LineForm] | None = None, *, told: str = "", of: UUID | None = None
) -> Response:
    """The changed day: its parts for htmx, else back to the page; 422 with the form when the line was refused.

    `told` says what was done; its button takes back the last write of the item `of`.
    """
    undo = await undo_url(PlanItem, of) if of is not None else ""
    status = 422 if form is not None and form.errors else 200
    if is_htmx(request):
        view = await my_day_view(request.state.person, form, told, undo)
        return part(request, "plans/my_day_part.html", view, status=status)
    if status == 422:
        return page(request, "plans/my_day.html", await my_day_view(request.state.person, form), status=422)
    return redirect("/", toast=told, undo=undo)


async def add_item(request: Request) -> Response:
    """One typed line becomes one item."""
    person: Person = request.state.person
    form = await read_form(request, LineForm)
    if form.errors:
        return await after_change(request, form)
    line, customer_id = await queries.resolve_customer(person, read_line(form.value.line))
    if form.value.customer_id is not None:
        customer_id = (await standing_customer(person, form.value.customer_id)).id
        line = read_line(form.value.line)
    try:
        await actions.add_item(person, await actions.own_employee(person), line, customer_id=customer_id)
    except Invalid as refused:
        return await after_change(request, with_errors(form, refused))
    return await after_change(request)


async def suggest(request: Request) -> Response:
    """Customers for what stands after the last @ of the line, recent ones right after it; nothing without @."""
    typed = request.query_params.get("line", "").replace("＠", "@")
    _before, mark, after = typed.rpartition("@")
    if not mark or "#" in after or "＃" in after or "!" in after:
        return part(request, "plans/suggest.html", SuggestPage())
    hits = await pick_customers(request.state.person, after.strip())
    return part(
        request, "plans/suggest.html", SuggestPage([(hit.value, hit.label, hit.hint) for hit in hits])
    )


async def item_of(request: Request) -> PlanItem:
    return await queries.item_for(request.state.person, path_id(request))


async def edit_item(request: Request) -> Response:
    item = await item_of(request)
    customer = ""
    if item.customer_id is not None:
        customer = (await customer_for(request.state.person, item.customer_id)).name
    form = empty_form(text=item.text, kind=item.kind, at_time=item.at_time, customer_id=item.customer_id)
    return page(request, "plans/item.html", item_page(item, form, customer))


def item_page(item: PlanItem, form: Form[ItemForm], customer: str) -> ItemPage:
    options = [Option(kind, label) for kind, label in kind_labels().items()]
    return ItemPage(item.id, form, options, customer, item.text)


async def change_item(request: Request) -> Response:
    item = await item_of(request)
    person: Person = request.state.person
    form = await read_form(request, ItemForm)
    if not form.errors:
        if form.value.customer_id is not None:
            await standing_customer(person, form.value.customer_id)
        await actions.change_item(person, item, form.value)
        return redirect("/")
    return page(request, "plans/item.html", item_page(item, form, ""), status=422)


async def finish_item(request: Request) -> Response:
    """Done; with the record that proves it when one was found and confirmed."""
    form = await read_form(request, ResultForm)
    person: Person = request.state.person
    item = await item_of(request)
    if form.errors:
        return await after_change(request)
    value = form.value
    if value.proof_id is not None:
        records = await queries.recorded_on(item.employee_id, item.happened_on)
        found = next((one for one in records if one.id == value.proof_id), None)
        if found is None:
            raise NotFound()
        await actions.prove_item(person, item, found)
    else:
        await actions.finish_item(person, item, result=value.result)
    return await after_change(request)


async def carry_item(request: Request) -> Response:
    item = await actions.carry_item(request.state.person, await item_of(request))
    return await after_change(request, told=_('"%(text)s" is carried over.', text=item.text), of=item.id)


async def cancel_item(request: Request) -> Response:
    item = await actions.cancel_item(request.state.person, await item_of(request))
    told = _('"%(text)s" is cancelled.', text=item.text)
    if item.deleted_at is not None:
        told = _('"%(text)s" is deleted.', text=item.text)
    return await after_change(request, told=told, of=item.id)


async def reopen_item(request: Request) -> Response:
    await actions.reopen_item(request.state.person, await item_of(request))
    return await after_change(request)


async def move_item(request: Request) -> Response:
    form = await read_form(request, MoveForm)
    item = await item_of(request)
    if form.errors:
        return await after_change(request)
    changed = await actions.reorder(request.state.person, item, form.value.before, form.value.step)
    return await after_change(request, told=_("The order is changed.") if changed else "", of=changed)


async def keep_item(request: Request) -> Response:
    return await take_up(request, keep=True)


async def drop_item(request: Request) -> Response:
    return await take_up(request, keep=False)


async def take_up(request: Request, *, keep: bool) -> Response:
    person: Person = request.state.person
    employee = await actions.own_employee(person)
    item = await actions.take_up(person, employee, await item_of(request), keep=keep)
    told = _('"%(text)s" is in today\'s plan.', text=item.text)
    if not keep:
        told = _('"%(text)s" is dropped.', text=item.text)
    return await after_change(request, told=told, of=item.id)


async def keep_all(request: Request) -> Response:
    """Bring everything that waits into today's plan."""
    person: Person = request.state.person
    employee = await actions.own_employee(person)
    plan = await queries.day_of(person.id, branch_today(), is_own=True)
    waiting = [await queries.item_for(person, one.id) for one in plan.waiting]
    taken = await actions.take_up_all(person, employee, waiting)
    if not taken:
        return await after_change(request)
    told = ngettext("%(n)s item is in today's plan.", "%(n)s items are in today's plan.", len(taken))
    return await after_change(request, told=told, of=taken[-1].id)


async def submit(request: Request) -> Response:
    person: Person = request.state.person
    await actions.submit_plan(person, await actions.own_employee(person))
    return redirect("/", toast=_("Plan submitted."))


async def close(request: Request) -> Response:
    person: Person = request.state.person
    form = await read_form(request, CloseForm)
    note = form.value.note if not form.errors else ""
    found = await actions.close_day(person, await actions.own_employee(person), note)
    return redirect(
        "/",
        toast=_(
            "Day closed: planned %(planned)s = done %(done)s + carried over %(carried)s + cancelled %(cancelled)s",
            planned=found.planned,
            done=found.done,
            carried=found.carried_over,
            cancelled=found.cancelled,
        ),
    )
