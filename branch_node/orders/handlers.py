"""Pages of orders: list, entry with live totals, one order with its approval and execution plan."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from branch_node.editing import ChangedMeanwhile
from branch_node.home import today
from branch_node.orders import actions, execution
from branch_node.orders.entry import (
    BLANK_LINES,
    BLANK_PARTS,
    BLANK_SHARES,
    chosen_customer,
    currencies,
    places,
    preview_of,
    typed_order,
    typed_shares,
)
from branch_node.orders.forms import (
    CancelForm,
    OrderForm,
    ShipForm,
    StepDoneForm,
    StepForm,
    StepMoveForm,
    parse_document,
)
from branch_node.orders.listing import list_view
from branch_node.orders.pages import CancelPage, DocumentPage, PreviewPage
from branch_node.orders.queries import customer_of, lines_of, order_for
from branch_node.orders.shares import shares_of
from branch_node.orders.showing import document_labels, show_page
from branch_node.own_fields import custom_field, custom_fields, custom_label
from branch_node.requests import path_id
from branch_node.staff.queries import names_of
from shared.errors import Conflict, Invalid
from shared.i18n import gettext as _
from shared.money import Money
from shared.permissions import Person
from shared.records import Order
from shared.web import filters as show
from shared.web.forms import Form, empty_form, read_form, with_error, with_errors
from shared.web.parts import Confirm, Crumb
from shared.web.responses import page, part, redirect


async def show_list(request: Request) -> Response:
    return await list_view(request)


# --- entry ------------------------------------------------------------------------------------------------------


async def typed_of(request: Request) -> dict[str, str]:
    """What was posted, by box."""
    posted = await request.form()
    return {name: value for name, value in posted.multi_items() if isinstance(value, str)}


async def new_order(request: Request) -> Response:
    """An empty form; with ?customer= the customer is filled in."""
    typed = {"happened_on": today().isoformat(), "customer_id": request.query_params.get("customer", "")}
    return page(request, "orders/form.html", await document_page(request, Form(typed), None))


async def preview(request: Request) -> Response:
    """The part with the totals of what was typed so far; asked after each change."""
    typed = dict(request.query_params.multi_items())
    return part(request, "orders/preview.html", PreviewPage(await preview_of(request.state.person, typed)))


async def add_order(request: Request) -> Response:
    """Write a draft and show it, or the form again with all messages; "more lines" shows it again with some."""
    form = await read_order(request)
    if form.errors or "act" in form.typed:
        return await again(request, form, None)
    try:
        order = await actions.enter_order(request.state.person, form.value)
    except (Invalid, Conflict) as refused:
        return await again(request, with_errors(form, refused), None)
    return redirect(f"/orders/{order.id}", toast=_("Order %(number)s saved as a draft.", number=order.number))


async def read_order(request: Request) -> Form[OrderForm]:
    """The posted order, with the customer found by name when only that was typed."""
    typed = await typed_of(request)
    chosen = await chosen_customer(request.state.person, typed)
    if chosen.customer is not None:
        typed["customer_id"] = str(chosen.customer.id)
    elif typed.get("customer_id_text"):
        typed["customer_id"] = ""
    form = parse_document(typed, OrderForm, agreed=chosen.currency)
    return with_error(form, "customer_id", chosen.message) if chosen.message else form


async def again(request: Request, form: Form[Any], order: Order | None) -> Response:
    """The form once more: after faults, or with more lines when that was asked (nothing is saved then)."""
    asks_lines = "act" in form.typed
    shown: Form[Any] = Form(
        {name: value for name, value in form.typed.items() if name != "act"},
        {} if asks_lines else form.errors,
    )
    view = await document_page(request, shown, order)
    return page(request, "orders/form.html", view, status=422)


async def edit_order(request: Request) -> Response:
    person: Person = request.state.person
    order = await order_for(person, path_id(request), "order.edit")
    customer = await customer_of(order)
    shares = await shares_of(order.id)
    names = await names_of(one.employee_id for one in shares)
    typed = typed_order(order, await lines_of(order.id), customer.name) | typed_shares(shares, names)
    form: Form[Any] = Form(typed)
    return page(request, "orders/form.html", await document_page(request, form, order))


async def change_order(request: Request) -> Response:
    """Save; when somebody else saved meanwhile the form says so and is saved only when sent again."""
    order = await order_for(request.state.person, path_id(request), "order.edit")
    form = await read_order(request)
    if form.errors or "act" in form.typed:
        return await again(request, form, order)
    try:
        order = await actions.change_order(request.state.person, order.id, form.value)
    except Invalid as refused:
        return await again(request, with_errors(form, refused), order)
    except ChangedMeanwhile as conflict:
        return await conflict_page(request, form, conflict)
    return redirect(f"/orders/{order.id}", toast=_("Order %(number)s saved.", number=order.number))


async def conflict_page(request: Request, form: Form[Any], conflict: ChangedMeanwhile) -> Response:
    """What was typed, with a note of who changed what; the form now carries the newer revision."""
    current = conflict.current
    assert isinstance(current, Order)
    who = (await names_of([current.changed_by])).get(current.changed_by, "")
    note = _(
        "%(name)s changed this order at %(time)s; it now comes to %(total)s. Saving replaces that version by yours.",
        name=who or _("Somebody"),
        time=show.instant(current.changed_at),
        total=show.money(Money(current.total_minor, current.currency)),
    )
    typed = {**form.typed, "revision": str(current.revision)}
    view = await document_page(request, Form(typed, {}), current, conflict=note)
    return page(request, "orders/form.html", view, status=409)


async def document_page(
    request: Request, form: Form[Any], order: Order | None, *, conflict: str = ""
) -> DocumentPage:
    """The form page for what stands in it."""
    person: Person = request.state.person
    typed: Mapping[str, str] = form.typed
    chosen = await chosen_customer(person, typed)
    voids = ""
    if order is not None and order.status == "approved":
        voids = _(
            "Saving cancels the approval of %(number)s; it must be submitted again.", number=order.number
        )
    own = await custom_fields("order")
    title = _("Order %(number)s", number=order.number) if order else _("New order")
    back = f"/orders/{order.id}" if order else "/orders"
    return DocumentPage(
        title=title,
        crumbs=[Crumb(_("Orders"), "/orders")],
        action_url=back,
        preview_url="/orders/preview",
        cancel_url=back,
        form=form,
        customer=chosen.customer,
        customer_hits=chosen.hits,
        currencies=await currencies(chosen.customer),
        line_places=places(typed, "line", BLANK_LINES),
        preview=await preview_of(person, typed, chosen.customer),
        labels=document_labels(form.errors, {f"custom_{one.key}": custom_label(one) for one in own}),
        part_places=places(typed, "part", BLANK_PARTS),
        share_places=places(typed, "share", BLANK_SHARES),
        custom=[custom_field(one) for one in own],
        voids=voids,
        conflict=conflict,
    )


# --- one order --------------------------------------------------------------------------------------------------


async def show_order(request: Request) -> Response:
    order = await order_for(request.state.person, path_id(request))
    return page(request, "orders/show.html", await show_page(request, order))


async def submit_order(request: Request) -> Response:
    await actions.submit_order(request.state.person, path_id(request))
    return redirect(f"/orders/{path_id(request)}", toast=_("Submitted for approval."))


async def withdraw_order(request: Request) -> Response:
    order = await actions.withdraw_order(request.state.person, path_id(request))
    return redirect(f"/orders/{order.id}", toast=_("Order %(number)s is a draft again.", number=order.number))


async def ship_order(request: Request) -> Response:
    order = await order_for(request.state.person, path_id(request), "order.ship")
    form = await read_form(request, ShipForm)
    if not form.errors:
        try:
            order = await actions.ship_order(request.state.person, order.id, form.value)
        except Invalid as refused:
            form = with_errors(form, refused)
        else:
            return redirect(
                f"/orders/{order.id}", toast=_("Shipment of %(number)s recorded.", number=order.number)
            )
    return page(request, "orders/show.html", await show_page(request, order, ship_form=form), status=422)


async def complete_order(request: Request) -> Response:
    order = await actions.complete_order(request.state.person, path_id(request))
    return redirect(f"/orders/{order.id}", toast=_("Order %(number)s completed.", number=order.number))


async def ask_cancel(request: Request) -> Response:
    order = await order_for(request.state.person, path_id(request), "order.cancel")
    return page(request, "orders/cancel.html", await cancel_page(order, empty_form()))


async def cancel_page(order: Order, form: Form[Any]) -> CancelPage:
    """The question, with what cancelling does in numbers."""
    url = f"/orders/{order.id}"
    consequences = [
        _(
            "The order of %(total)s no longer counts from today on.",
            total=show.money(Money(order.total_minor, order.currency)),
        )
    ]
    if order.approved_on is not None:
        consequences.append(_("Nothing is due for it any more; open steps are dropped."))
        consequences.append(_("What was paid for it becomes the customer's credit."))
    confirm = Confirm(
        _("Cancel order %(number)s?", number=order.number),
        f"{url}/cancel",
        _("Cancel the order"),
        url,
        consequences,
        asks_reason=True,
        form=form,
        keep=_("Keep the order"),
    )
    return CancelPage(confirm, [Crumb(_("Orders"), "/orders"), Crumb(order.number, url)])


async def cancel_order(request: Request) -> Response:
    order = await order_for(request.state.person, path_id(request), "order.cancel")
    form = await read_form(request, CancelForm)
    if form.errors:
        return page(request, "orders/cancel.html", await cancel_page(order, form), status=422)
    order, released = await actions.cancel_order(request.state.person, order.id, form.value)
    toast = _("Order %(number)s cancelled.", number=order.number)
    if released:
        toast = _(
            "Order %(number)s cancelled; %(amount)s is the customer's credit now.",
            number=order.number,
            amount=show.money(Money(released, order.currency)),
        )
    return redirect(f"/orders/{order.id}", toast=toast)


# --- execution plan ---------------------------------------------------------------------------------------------


async def add_step(request: Request) -> Response:
    order = await order_for(request.state.person, path_id(request), "order.edit")
    form = await read_form(request, StepForm)
    if not form.errors:
        try:
            await execution.add_step(request.state.person, order.id, form.value)
        except Invalid as refused:
            form = with_errors(form, refused)
        else:
            return redirect(f"/orders/{order.id}#steps")
    return page(request, "orders/show.html", await show_page(request, order, form=form), status=422)


async def set_step(request: Request) -> Response:
    order = await order_for(request.state.person, path_id(request), "order.edit")
    form = await read_form(request, StepDoneForm)
    if not form.errors:
        try:
            await execution.set_step(request.state.person, order.id, path_id(request, "step"), form.value)
        except Invalid as refused:
            form = with_errors(form, refused)
        else:
            return redirect(f"/orders/{order.id}#steps")
    return page(request, "orders/show.html", await show_page(request, order, form=form), status=422)


async def move_step(request: Request) -> Response:
    form = await read_form(request, StepMoveForm)
    if not form.errors:
        await execution.move_step(
            request.state.person, path_id(request), path_id(request, "step"), form.value.to
        )
    return redirect(f"/orders/{path_id(request)}#steps")
