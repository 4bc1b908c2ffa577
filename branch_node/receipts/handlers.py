"""Pages of receipts: list, entry with the live check, one receipt, allocating the rest, reversing."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from branch_node.customers.queries import customer_names
from branch_node.home import home, today
from branch_node.listing import Listing, choices, nothing, scope_of, wants_file, whole
from branch_node.lists import paging
from branch_node.orders.entry import chosen_customer, currencies
from branch_node.orders.handlers import typed_of
from branch_node.orders.listing import without
from branch_node.orders.queries import customer_of, department_name
from branch_node.receipts import actions, queries
from branch_node.receipts.allotting import PART, allotment_of, currency_of, mode_of, typed_parts
from branch_node.receipts.forms import FilterForm, ReceiptForm, ReverseForm
from branch_node.receipts.pages import AllotmentPage, ListPage, NewPage, ReversePage, ShowPage
from branch_node.receipts.rules import METHODS, MODES
from branch_node.requests import path_id
from branch_node.staff.queries import names_of
from shared import periods
from shared.errors import Conflict, Invalid
from shared.i18n import gettext as _
from shared.money import Money
from shared.permissions import Person
from shared.records import Receipt
from shared.web import filters as show
from shared.web.forms import Form, empty_form, parse, read_form, read_query, with_error, with_errors
from shared.web.parts import (
    Action,
    Chip,
    Column,
    Confirm,
    Count,
    Crumb,
    Field,
    Filters,
    Link,
    Option,
    View,
    status_word,
)
from shared.web.responses import page, part, redirect


async def show_list(request: Request) -> Response:
    """The list, or with ?format= the file of the same filter."""
    person: Person = request.state.person
    form = read_query(request, FilterForm)
    wanted = filter_of(form.value if not form.errors else FilterForm())
    order = paging(request.query_params, queries.SORTS, "-happened_on")
    chips = await chips_of(wanted)
    sentence = _(", ").join(chip.label for chip in chips)
    scope = scope_of(person, "receipt.view")
    if wants_file(request):
        found = await queries.receipts_page(person, wanted, whole(order))
        return await listing().file(request, found.rows, scope=scope, filters=sentence)
    cut = await queries.receipts_page(person, wanted, order)
    sums = await queries.sums_of(person, wanted)
    new = (
        [Action(_("New receipt"), "/receipts/new", "plus", is_primary=True, key="n")]
        if person.may("receipt.record")
        else []
    )
    empty = nothing(
        wanted.is_narrowed,
        _("Money that customers paid appears here."),
        _("No receipt matches these filters."),
        "/receipts",
        new[0] if new else None,
    )
    fields = [
        Field("q", _("Number, reference or customer"), "search", width="m"),
        Field("from_on", _("From"), "date"),
        Field("until_on", _("Until"), "date"),
    ]
    bar = Filters(fields, form, "/receipts", chips, sentence, "/receipts" if chips else "")
    table = await listing().table(
        request, cut, order, Count(sums.count, sums.is_exact), empty, views(request)
    )
    view = ListPage(table, bar, scope, new, Money(sums.posted_base_minor, home().currency))
    return page(request, "receipts/list.html", view)


def filter_of(form: FilterForm) -> queries.Filter:
    """The form's filter."""
    period = periods.parse(form.period) if form.period else None
    return queries.Filter(
        form.q, form.from_on, form.until_on, form.status or "", form.customer_id, form.department_id, period
    )


def listing() -> Listing[queries.ReceiptRow]:
    """How a receipt is shown in a list."""
    return Listing(
        key="receipts",
        caption=_("Receipts"),
        columns=[
            Column("number", _("Number"), sort="number", phone="head"),
            Column("customer", _("Customer"), "link", phone="second"),
            Column("happened_on", _("Date"), "day", sort="happened_on", phone="second"),
            Column("amount", _("Amount"), "money", sort="amount", phone="second"),
            Column("unallocated", _("Unallocated"), "money"),
            Column("method", _("Method")),
            Column("reference", _("Reference")),
            Column("status", _("State"), "status"),
        ],
        cells=cells,
        url=lambda row: f"/receipts/{row.id}",
        row_id=lambda row: str(row.id),
        hidden=("reference",),
    )


def cells(row: queries.ReceiptRow) -> Mapping[str, Any]:
    return {
        "number": row.number,
        "customer": Link(row.customer, f"/receivables/customers/{row.customer_id}"),
        "happened_on": row.happened_on,
        "amount": row.amount,
        "unallocated": row.unallocated,
        "method": _(METHODS.get(row.method, row.method)),
        "reference": row.reference or None,
        "status": row.status,
    }


def views(request: Request) -> list[View]:
    status = request.query_params.get("status", "")
    return [
        View(_("All"), "/receipts", not status),
        View(_("With something unallocated"), "/receipts?status=unallocated", status == "unallocated"),
        View(_("Reversed"), "/receipts?status=reversed", status == "reversed"),
    ]


async def chips_of(wanted: queries.Filter) -> list[Chip]:
    texts: list[tuple[str, str]] = []
    if wanted.query:
        texts.append(("q", _('contains "%(text)s"', text=wanted.query)))
    if wanted.from_on:
        texts.append(("from_on", _("from %(day)s", day=show.day(wanted.from_on))))
    if wanted.until_on:
        texts.append(("until_on", _("to %(day)s", day=show.day(wanted.until_on))))
    if wanted.status:
        texts.append(
            ("status", _("unallocated") if wanted.status == "unallocated" else status_word(wanted.status))
        )
    if wanted.period:
        texts.append(("period", _("figure of %(period)s", period=wanted.period)))
    if wanted.department_id:
        texts.append(("department_id", await department_name(wanted.department_id)))
    if wanted.customer_id:
        names = await customer_names([wanted.customer_id])
        texts.append(("customer_id", names.get(wanted.customer_id, "?")))
    return [Chip(text, without(name)) for name, text in texts]


# --- entry ------------------------------------------------------------------------------------------------------


async def new_receipt(request: Request) -> Response:
    """An empty form; with ?customer= the customer is filled in and its open instalments are shown."""
    typed = {
        "happened_on": today().isoformat(),
        "customer_id": request.query_params.get("customer", ""),
        "mode": "oldest",
    }
    return page(request, "receipts/new.html", await new_page(request, Form(typed)))


async def new_page(request: Request, form: Form[Any], alike: Receipt | None = None) -> NewPage:
    chosen = await chosen_customer(request.state.person, form.typed, "receipt.record")
    return NewPage(
        form=form,
        customer=chosen.customer,
        customer_hits=chosen.hits,
        currencies=await currencies(chosen.customer),
        modes=choices(MODES),
        methods=choices(METHODS),
        allotment=await allotment_of(chosen.customer, form.typed),
        alike=alike,
        labels=labels(),
        crumbs=[Crumb(_("Receipts"), "/receipts")],
    )


def labels() -> dict[str, str]:
    return {
        "customer_id": _("Customer"),
        "amount": _("Amount"),
        "happened_on": _("Date"),
        "currency": _("Currency"),
        "method": _("Method"),
        "reference": _("Reference"),
        "mode": _("Allocate"),
    }


async def check(request: Request) -> Response:
    """The part with the instalments and the check line; asked after each change."""
    typed = dict(request.query_params.multi_items())
    chosen = await chosen_customer(request.state.person, typed, "receipt.record")
    return part(request, "receipts/allotment.html", AllotmentPage(await allotment_of(chosen.customer, typed)))


async def add_receipt(request: Request) -> Response:
    """Record it with what it pays; "work out" shows the form again with the proposal."""
    typed = await typed_of(request)
    chosen = await chosen_customer(request.state.person, typed, "receipt.record")
    if chosen.customer is not None:
        typed["customer_id"] = str(chosen.customer.id)
    elif typed.get("customer_id_text"):
        typed["customer_id"] = ""
    if typed.pop("act", ""):
        return await again(request, Form(typed))
    currency = currency_of(typed, chosen.customer)
    read = parse(_of_form(typed), ReceiptForm, currency=chosen.currency)
    parts, faults = boxes_of(typed, currency)
    form = Form({**typed, **read.typed}, {**read.errors, **faults}, None if faults else read.result)
    if chosen.message:
        form = with_error(form, "customer_id", chosen.message)
    if form.errors:
        return await again(request, form)
    return await save_receipt(request, form, currency, parts)


async def again(request: Request, form: Form[Any], alike: Receipt | None = None) -> Response:
    """The form once more: nothing was saved."""
    return page(request, "receipts/new.html", await new_page(request, form, alike), status=422)


async def save_receipt(
    request: Request, form: Form[ReceiptForm], currency: str, parts: Mapping[UUID, int]
) -> Response:
    """Save a readable form. The same customer and amount within a week asks whether it is another receipt."""
    value = form.value
    try:
        amount = value.amount_in(currency)
        alike = await queries.look_alike(value.customer_id, amount, currency, value.happened_on)
        if alike is not None and not value.anyway:
            return await again(request, form, alike)
        receipt = await actions.record_receipt(request.state.person, value, parts)
    except (Invalid, Conflict) as refused:
        return await again(request, with_errors(form, refused))
    shown_amount = show.money(Money(receipt.amount_minor, receipt.currency))
    toast = _("Receipt %(number)s recorded, %(amount)s.", number=receipt.number, amount=shown_amount)
    return redirect(f"/receipts/{receipt.id}", toast=toast)


def _of_form(typed: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in typed.items() if name in ReceiptForm.model_fields}


def boxes_of(typed: Mapping[str, str], currency: str) -> tuple[dict[UUID, int], dict[str, str]]:
    """The amounts beside instalments and, when they are given by hand, what is wrong with them by box."""
    parts, faults = typed_parts(typed, currency)
    by_hand = mode_of(typed.get("mode")) == "by_hand"
    return parts, {f"{PART}{key}": text for key, text in faults.items()} if by_hand else {}


# --- one receipt ------------------------------------------------------------------------------------------------


async def show_receipt(request: Request) -> Response:
    receipt = await queries.receipt_for(request.state.person, path_id(request))
    form = empty_form(mode="oldest")
    return page(request, "receipts/show.html", await show_page(request, receipt, form))


async def show_page(request: Request, receipt: Receipt, form: Form[Any]) -> ShowPage:
    person: Person = request.state.person
    customer = await customer_of(receipt)
    left = Money(
        0 if receipt.status == "reversed" else receipt.amount_minor - receipt.allocated_minor,
        receipt.currency,
    )
    can_allocate = left.minor > 0 and person.may("allocation.edit")
    people = await names_of([receipt.reversed_by, receipt.recorded_by])
    found = []
    if receipt.status == "posted" and person.may("receipt.reverse"):
        found.append(Action(_("Reverse"), f"/receipts/{receipt.id}/reverse", "history", is_danger=True))
    base = None
    if receipt.currency != home().currency:
        base = Money(receipt.base_minor, home().currency)
    return ShowPage(
        receipt=receipt,
        customer=customer,
        title=_("Receipt %(number)s", number=receipt.number),
        crumbs=[Crumb(_("Receipts"), "/receipts")],
        actions=found,
        method=_(METHODS.get(receipt.method, receipt.method)),
        amount=Money(receipt.amount_minor, receipt.currency),
        base=base,
        unallocated=left,
        parts=await queries.parts_of(receipt.id),
        reversed_by=people.get(receipt.reversed_by, ""),
        recorded_by=people.get(receipt.recorded_by, ""),
        can_allocate=can_allocate,
        allotment=await allotment_of(customer, form.typed, left=left) if can_allocate else None,
        modes=[Option(code, _(label)) for code, label in MODES.items() if code != "none"],
        form=form,
    )


async def check_rest(request: Request) -> Response:
    """The same live part for what a recorded receipt has left."""
    receipt = await queries.receipt_for(request.state.person, path_id(request), "allocation.edit")
    customer = await customer_of(receipt)
    left = Money(receipt.amount_minor - receipt.allocated_minor, receipt.currency)
    typed = dict(request.query_params.multi_items())
    return part(
        request, "receipts/allotment.html", AllotmentPage(await allotment_of(customer, typed, left=left))
    )


async def allocate(request: Request) -> Response:
    """Let what is left pay instalments; refusals stand on the same page."""
    receipt = await queries.receipt_for(request.state.person, path_id(request), "allocation.edit")
    typed = await typed_of(request)
    shows_only = typed.pop("act", "")
    form: Form[Any] = Form(typed)
    if shows_only:
        return page(request, "receipts/show.html", await show_page(request, receipt, form), status=422)
    parts, faults = boxes_of(typed, receipt.currency)
    mode = mode_of(typed.get("mode"))
    if faults:
        view = await show_page(request, receipt, Form(typed, faults))
        return page(request, "receipts/show.html", view, status=422)
    try:
        made = await actions.allocate_receipt(request.state.person, receipt.id, mode, parts)
    except Invalid as refused:
        view = await show_page(request, receipt, with_errors(form, refused))
        return page(request, "receipts/show.html", view, status=422)
    except Conflict as refused:
        view = await show_page(request, receipt, with_errors(form, refused))
        return page(request, "receipts/show.html", view, status=409)
    total = Money(sum(entry.amount_minor for entry in made), receipt.currency)
    return redirect(f"/receipts/{receipt.id}", toast=_("%(amount)s allocated.", amount=show.money(total)))


async def take_back(request: Request) -> Response:
    receipt = await actions.take_back_allocation(request.state.person, path_id(request))
    return redirect(
        f"/receipts/{receipt.id}", toast=_("Allocation taken back; the money is unallocated again.")
    )


async def ask_reverse(request: Request) -> Response:
    receipt = await queries.receipt_for(request.state.person, path_id(request), "receipt.reverse")
    return page(request, "receipts/reverse.html", await reverse_page(receipt, empty_form()))


async def reverse_page(receipt: Receipt, form: Form[Any]) -> ReversePage:
    """The question, with what reversing does in numbers."""
    amount = show.money(Money(receipt.amount_minor, receipt.currency))
    consequences = [_("%(amount)s no longer counts as received from today on.", amount=amount)]
    live = [one for one in await queries.parts_of(receipt.id) if not one.is_counter and not one.is_countered]
    if live:
        consequences.append(
            _("These instalments are open again: %(labels)s.", labels=_(", ").join(one.label for one in live))
        )
    consequences.append(_("Both entries stay visible; nothing is deleted."))
    url = f"/receipts/{receipt.id}"
    confirm = Confirm(
        _("Reverse receipt %(number)s?", number=receipt.number),
        f"{url}/reverse",
        _("Reverse the receipt"),
        url,
        consequences,
        asks_reason=True,
        form=form,
    )
    return ReversePage(confirm, [Crumb(_("Receipts"), "/receipts"), Crumb(receipt.number, url)])


async def reverse(request: Request) -> Response:
    receipt = await queries.receipt_for(request.state.person, path_id(request), "receipt.reverse")
    form = await read_form(request, ReverseForm)
    if form.errors:
        return page(request, "receipts/reverse.html", await reverse_page(receipt, form), status=422)
    await actions.reverse_receipt(request.state.person, receipt.id, form.value.reason)
    return redirect(f"/receipts/{receipt.id}", toast=_("Receipt %(number)s reversed.", number=receipt.number))
