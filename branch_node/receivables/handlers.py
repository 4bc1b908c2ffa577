"""Pages of receivables: one customer, one instalment down to its entries; credit notes and write-offs."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from branch_node.approvals.queries import credit_or_none
from branch_node.customers.queries import customer_for
from branch_node.dunning.panel import panel_of
from branch_node.home import home, today
from branch_node.listing import scope_of, wants_file, whole
from branch_node.lists import paging
from branch_node.orders.queries import customer_of
from branch_node.receivables import actions, queries
from branch_node.receivables.entries import entries_of, open_credits
from branch_node.receivables.forms import AdjustmentForm, ReasonForm
from branch_node.receivables.listing import (
    filter_bar,
    instalment_listing,
    list_view,
    nothing_owed,
    summary,
    wanted_of,
)
from branch_node.receivables.pages import CustomerPage, EntryNote, ReversePage, ShowPage
from branch_node.receivables.rules import days_late, state_of
from branch_node.requests import path_id
from shared.errors import Conflict, Invalid
from shared.i18n import N_
from shared.i18n import gettext as _
from shared.money import Money
from shared.permissions import Person
from shared.records import Adjustment, Receivable
from shared.web import filters as show
from shared.web.forms import Form, empty_form, read_form, with_errors
from shared.web.parts import Action, Confirm, Count, Crumb
from shared.web.responses import page, redirect
from shared.web.templating import with_query

ENTRY_LABELS: Mapping[str, str] = {
    "opened": N_("Due by order"),
    "received": N_("Received"),
    "credited": N_("Credit note"),
    "written_off": N_("Written off"),
    "cancelled": N_("Order cancelled"),
}


async def show_list(request: Request) -> Response:
    return await list_view(request)


# --- one customer -----------------------------------------------------------------------------------------------


async def show_customer(request: Request) -> Response:
    person: Person = request.state.person
    customer = await customer_for(person, path_id(request), "receivable.view")
    form, wanted = wanted_of(request, customer.id)
    url = f"/receivables/customers/{customer.id}"
    order = paging(request.query_params, queries.INSTALMENT_SORTS, "due_on")
    listing = instalment_listing(wanted.as_of, with_customer=False)
    if wants_file(request):
        rows = (await queries.instalments_page(person, wanted, whole(order))).rows
        return await listing.file(
            request, rows, scope=customer.name, filters="", as_of=show.day(wanted.as_of)
        )
    sums = await queries.totals(person, wanted)
    cut = await queries.instalments_page(person, wanted, order)
    credit = await credit_or_none(customer, 0, home().currency)
    back = with_query("/receivables", bucket=None, after=None, before=None, sort=None, view=None)
    view = CustomerPage(
        customer=customer,
        as_of=wanted.as_of,
        is_past=queries.is_past(wanted.as_of),
        summary=summary(wanted, sums, url),
        crumbs=[Crumb(_("Receivables"), back)],
        actions=record_action(person, customer.id),
        table=await listing.table(request, cut, order, Count(sums.open_count), nothing_owed(wanted)),
        filters=filter_bar(form, wanted, url),
        scope=scope_of(person, "receivable.view"),
        credits=[
            {**row, "rest": Money(int(row["rest"]), row["currency"])}
            for row in await open_credits(person, customer.id)
        ],
        limit=Money(credit.limit_minor, home().currency)
        if credit and credit.limit_minor is not None
        else None,
        used_bp=credit.used_bp if credit else None,
    )
    return page(request, "receivables/customer.html", view)


# --- one instalment ---------------------------------------------------------------------------------------------


def record_action(person: Person, customer_id: UUID) -> list[Action]:
    """The way to record money of this customer, for who may."""
    if not person.may("receipt.record"):
        return []
    url = f"/receipts/new?customer={customer_id}"
    return [Action(_("New receipt"), url, "plus", is_primary=True, key="n")]


async def show_receivable(request: Request) -> Response:
    row = await queries.receivable_for(request.state.person, path_id(request))
    return page(request, "receivables/show.html", await show_page(request, row, adjust_form()))


def adjust_form() -> Form[Any]:
    return empty_form(kind="credit", happened_on=today())


async def show_page(
    request: Request,
    row: Receivable,
    form: Form[Any],
    *,
    promise_form: Form[Any] | None = None,
    dispute_form: Form[Any] | None = None,
) -> ShowPage:
    """One instalment with its entries; their running rest ends at what remains."""
    person: Person = request.state.person
    order, customer = await queries.order_of(row), await customer_of(row)
    left, notes = 0, []
    for entry in await entries_of(row, order.number):
        left += entry.amount_minor
        label = _(ENTRY_LABELS[entry.kind])
        if entry.is_counter:
            label = _("%(entry)s taken back", entry=label)
        notes.append(
            EntryNote(entry, label, Money(entry.amount_minor, row.currency), Money(left, row.currency))
        )
    standing = actions.standing_of(row, f"{order.number}/{row.position}")
    remaining = 0 if row.cancelled_on else standing.remaining_minor
    return ShowPage(
        row=row,
        title=_("Instalment %(label)s", label=standing.label),
        customer=customer,
        crumbs=[
            Crumb(_("Receivables"), "/receivables"),
            Crumb(customer.name, f"/receivables/customers/{customer.id}"),
        ],
        actions=record_action(person, row.customer_id) if remaining else [],
        state=state_of(standing, row.due_on, today()),
        days_late=days_late(row.due_on, today()) if remaining else 0,
        entries=notes,
        remaining=Money(remaining, row.currency),
        adds_up=left == remaining,
        can_adjust=bool(remaining) and person.may("receivable.write_off"),
        form=form,
        dunning=await panel_of(person, row, remaining, promise_form, dispute_form),
    )


async def adjust(request: Request) -> Response:
    """Record a credit note or write-off; refused amounts stand beside their box."""
    row = await queries.receivable_for(request.state.person, path_id(request), "receivable.write_off")
    form = await read_form(request, AdjustmentForm, currency=row.currency)
    if not form.errors:
        try:
            entry = await actions.adjust(request.state.person, row.id, form.value)
        except (Invalid, Conflict) as refused:
            form = with_errors(form, refused, beside="amount")
        else:
            if entry.kind == "credit":
                toast = _("Credit note %(number)s recorded.", number=entry.number)
            else:
                toast = _("Write-off %(number)s recorded.", number=entry.number)
            return redirect(f"/receivables/{row.id}", toast=toast)
    return page(request, "receivables/show.html", await show_page(request, row, form), status=422)


async def ask_reverse(request: Request) -> Response:
    entry = await entry_of(request)
    return page(request, "receivables/reverse.html", reverse_page(entry, empty_form()))


async def entry_of(request: Request) -> Adjustment:
    return await queries.adjustment_for(request.state.person, path_id(request), "receivable.write_off")


def reverse_page(entry: Adjustment, form: Form[Any]) -> ReversePage:
    url = f"/receivables/{entry.receivable_id}"
    confirm = Confirm(
        _("Take back %(number)s?", number=entry.number),
        f"/receivables/adjustments/{entry.id}/reverse",
        _("Take it back"),
        url,
        [
            _(
                "%(amount)s is due again from today; both entries stay visible.",
                amount=show.money(Money(entry.amount_minor, entry.currency)),
            )
        ],
        asks_reason=True,
        form=form,
    )
    return ReversePage(confirm, [Crumb(_("Receivables"), "/receivables")])


async def reverse(request: Request) -> Response:
    entry = await entry_of(request)
    form = await read_form(request, ReasonForm)
    if form.errors:
        return page(request, "receivables/reverse.html", reverse_page(entry, form), status=422)
    await actions.reverse_adjustment(request.state.person, entry.id, form.value.reason)
    return redirect(
        f"/receivables/{entry.receivable_id}", toast=_("%(number)s taken back.", number=entry.number)
    )
