"""Pages of quotes: list, entry, one quote with its rounds, sending, the customer's answer."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from branch_node.approvals.actions import has_approval
from branch_node.approvals.queries import approvers_for
from branch_node.approvals.rules import covering, names_of
from branch_node.approvals.subjects import subject_from
from branch_node.approvals.words import request_notes
from branch_node.customers.queries import customer_names
from branch_node.editing import ChangedMeanwhile
from branch_node.home import today
from branch_node.listing import Listing, nothing, scope_of, tabs, wants_file, whole
from branch_node.lists import paging
from branch_node.orders.entry import (
    BLANK_LINES,
    chosen_customer,
    currencies,
    places,
    preview_of,
    typed_head,
    typed_lines,
)
from branch_node.orders.forms import parse_document
from branch_node.orders.handlers import typed_of
from branch_node.orders.listing import without
from branch_node.orders.pages import DocumentPage, PreviewPage
from branch_node.orders.queries import customer_of
from branch_node.orders.showing import document_labels
from branch_node.quotations import actions, queries
from branch_node.quotations.forms import FilterForm, QuotationForm
from branch_node.quotations.pages import ListPage, ShowPage
from branch_node.quotations.rules import QUOTATION
from branch_node.requests import path_id
from branch_node.staff.queries import names_of as staff_names
from shared.errors import Conflict, Invalid
from shared.i18n import gettext as _
from shared.permissions import Person
from shared.records import Quotation
from shared.web import filters as show
from shared.web.forms import Form, read_query, with_error, with_errors
from shared.web.parts import (
    STATUSES,
    Action,
    Chip,
    Column,
    Count,
    Crumb,
    Field,
    Filters,
    Option,
    View,
    status_word,
)
from shared.web.responses import page, part, redirect

VALID_DAYS = 30
STATUS_CODES = ("draft", "sent", "accepted", "rejected", "expired", "superseded")


async def show_list(request: Request) -> Response:
    """The list, or with ?format= the file of the same filter."""
    person: Person = request.state.person
    form = read_query(request, FilterForm)
    value = form.value if not form.errors else FilterForm()
    wanted = queries.Filter(value.q, value.status or "", value.customer_id)
    order = paging(request.query_params, queries.SORTS, "-happened_on")
    chips = await chips_of(wanted)
    sentence = _(", ").join(chip.label for chip in chips)
    if wants_file(request):
        found = await queries.quotations_page(person, wanted, whole(order))
        return await listing().file(
            request, found.rows, scope=scope_of(person, "quotation.view"), filters=sentence
        )
    cut = await queries.quotations_page(person, wanted, order)
    number, is_exact = await queries.count_of(person, wanted)
    new = (
        [Action(_("New quote"), "/quotes/new", "plus", is_primary=True, key="n")]
        if person.may("quotation.edit")
        else []
    )
    empty = nothing(
        wanted.is_narrowed,
        _("Quotes appear here, the latest round of each."),
        _("No quote matches these filters."),
        "/quotes",
        new[0] if new else None,
    )
    any_option = Option("", _("any"))
    states = [Option(code, _(STATUSES[code].word)) for code in STATUS_CODES]
    fields = [
        Field("q", _("Number or customer"), "search", width="m"),
        Field("status", _("State"), "select", options=[any_option, *states], width="s"),
    ]
    bar = Filters(fields, form, "/quotes", chips, sentence, "/quotes" if chips else "")
    table = await listing().table(request, cut, order, Count(number, is_exact), empty, views(request))
    return page(
        request, "quotations/list.html", ListPage(table, bar, scope_of(person, "quotation.view"), new)
    )


def listing() -> Listing[queries.QuotationRow]:
    """How a quote is shown in a list."""
    return Listing(
        key="quotes",
        caption=_("Quotes"),
        columns=[
            Column("number", _("Number"), sort="number", phone="head"),
            Column("customer", _("Customer"), phone="second"),
            Column("happened_on", _("Date"), "day", sort="happened_on"),
            Column("valid_until", _("Valid until"), "day"),
            Column("owner", _("Seller")),
            Column("total", _("Amount"), "money", sort="total", phone="second"),
            Column("discount", _("Discount"), "percent"),
            Column("status", _("State"), "status", phone="second"),
        ],
        cells=cells,
        url=lambda row: f"/quotes/{row.id}",
        row_id=lambda row: str(row.id),
        hidden=("discount",),
    )


def cells(row: queries.QuotationRow) -> Mapping[str, Any]:
    return {
        "number": title_of(row.number, row.round),
        "customer": row.customer,
        "happened_on": row.happened_on,
        "valid_until": row.valid_until_on,
        "owner": row.owner or None,
        "total": row.total,
        "discount": row.effective_discount_bp,
        "status": row.status,
    }


def title_of(number: str, round_number: int) -> str:
    """'Q-7', from the second round on 'Q-7 v2'."""
    return number if round_number == 1 else f"{number} v{round_number}"


def views(request: Request) -> list[View]:
    known = [
        (_("All"), {}),
        (_("Drafts"), {"status": "draft"}),
        (_("Sent"), {"status": "sent"}),
        (_("Accepted"), {"status": "accepted"}),
        (_("Expired"), {"status": "expired"}),
    ]
    return tabs(request, "/quotes", FilterForm.model_fields, known)


async def chips_of(wanted: queries.Filter) -> list[Chip]:
    texts: list[tuple[str, str]] = []
    if wanted.query:
        texts.append(("q", _('contains "%(text)s"', text=wanted.query)))
    if wanted.status:
        texts.append(("status", status_word(wanted.status)))
    if wanted.customer_id:
        names = await customer_names([wanted.customer_id])
        texts.append(("customer_id", names.get(wanted.customer_id, "?")))
    return [Chip(text, without(name)) for name, text in texts]


# --- entry ------------------------------------------------------------------------------------------------------


async def new_quotation(request: Request) -> Response:
    """An empty form, valid for 30 days; with ?customer= the customer is filled in."""
    typed = {
        "happened_on": today().isoformat(),
        "valid_until_on": (today() + timedelta(days=VALID_DAYS)).isoformat(),
        "customer_id": request.query_params.get("customer", ""),
        "opportunity_id": request.query_params.get("opportunity", ""),
    }
    return page(request, "quotations/form.html", await document_page(request, Form(typed), None))


async def read_quotation(request: Request) -> Form[QuotationForm]:
    typed = await typed_of(request)
    chosen = await chosen_customer(request.state.person, typed)
    if chosen.customer is not None:
        typed["customer_id"] = str(chosen.customer.id)
    elif typed.get("customer_id_text"):
        typed["customer_id"] = ""
    form = parse_document(typed, QuotationForm, agreed=chosen.currency)
    return with_error(form, "customer_id", chosen.message) if chosen.message else form


async def add_quotation(request: Request) -> Response:
    form = await read_quotation(request)
    if form.errors or "act" in form.typed:
        return await again(request, form, None)
    try:
        row = await actions.enter_quotation(request.state.person, form.value)
    except (Invalid, Conflict) as refused:
        return await again(request, with_errors(form, refused), None)
    return redirect(f"/quotes/{row.id}", toast=_("Quote %(number)s saved as a draft.", number=row.number))


async def again(request: Request, form: Form[Any], row: Quotation | None) -> Response:
    """The form once more: after faults, or with more lines when that was asked (nothing is saved then)."""
    asks_lines = "act" in form.typed
    typed = {name: value for name, value in form.typed.items() if name != "act"}
    view = await document_page(request, Form(typed, {} if asks_lines else form.errors), row)
    return page(request, "quotations/form.html", view, status=422)


async def edit_quotation(request: Request) -> Response:
    row = await queries.quotation_for(request.state.person, path_id(request), "quotation.edit")
    customer = await customer_of(row)
    typed = typed_head(row, customer.name) | typed_lines(await queries.lines_of(row.id), row.currency)
    typed |= {
        "valid_until_on": row.valid_until_on.isoformat() if row.valid_until_on else "",
        "terms": row.terms,
    }
    return page(request, "quotations/form.html", await document_page(request, Form(typed), row))


async def change_quotation(request: Request) -> Response:
    row = await queries.quotation_for(request.state.person, path_id(request), "quotation.edit")
    form = await read_quotation(request)
    if form.errors or "act" in form.typed:
        return await again(request, form, row)
    try:
        row = await actions.change_quotation(request.state.person, row.id, form.value)
    except Invalid as refused:
        return await again(request, with_errors(form, refused), row)
    except ChangedMeanwhile as conflict:
        note = _(
            "Somebody changed this quote while you were editing it. Saving replaces that version by yours."
        )
        typed = {**form.typed, "revision": str(conflict.current.revision)}
        view = await document_page(request, Form(typed), row, conflict=note)
        return page(request, "quotations/form.html", view, status=409)
    return redirect(f"/quotes/{row.id}", toast=_("Quote %(number)s saved.", number=row.number))


async def preview(request: Request) -> Response:
    """The part with the totals of what was typed so far; asked after each change."""
    typed = dict(request.query_params.multi_items())
    return part(request, "orders/preview.html", PreviewPage(await preview_of(request.state.person, typed)))


async def document_page(
    request: Request, form: Form[Any], row: Quotation | None, *, conflict: str = ""
) -> DocumentPage:
    person: Person = request.state.person
    chosen = await chosen_customer(person, form.typed)
    back = f"/quotes/{row.id}" if row else "/quotes"
    return DocumentPage(
        title=_("Quote %(number)s", number=title_of(row.number, row.round)) if row else _("New quote"),
        crumbs=[Crumb(_("Quotes"), "/quotes")],
        action_url=back,
        preview_url="/quotes/preview",
        cancel_url=back,
        form=form,
        customer=chosen.customer,
        customer_hits=chosen.hits,
        currencies=await currencies(chosen.customer),
        line_places=places(form.typed, "line", BLANK_LINES),
        preview=await preview_of(person, form.typed, chosen.customer),
        labels=document_labels(form.errors),
        conflict=conflict,
    )


# --- one quote --------------------------------------------------------------------------------------------------


async def show_quotation(request: Request) -> Response:
    person: Person = request.state.person
    row = await queries.quotation_for(person, path_id(request))
    subject = await subject_from("quotation", row, person.id)
    is_above = row.effective_discount_bp > person.discount_limit_bp
    needs = row.status == "draft" and is_above and not await has_approval(subject)
    approvers = ""
    if needs:
        found = await approvers_for("order.approve", row.owner_id, row.department_id)
        approvers = names_of(covering(found, subject.authors, row.effective_discount_bp))
    requests = await request_notes("quotation", row.id)
    is_waiting = any(note.is_current for note in requests)
    people = await staff_names([row.owner_id])
    is_expired = row.status == "sent" and row.valid_until_on is not None and row.valid_until_on < today()
    assert subject.customer is not None
    view = ShowPage(
        quotation=row,
        customer=subject.customer,
        title=_("Quote %(number)s", number=title_of(row.number, row.round)),
        crumbs=[Crumb(_("Quotes"), "/quotes")],
        actions=actions_of(row, person, needs=needs, is_waiting=is_waiting, is_expired=is_expired),
        lines=list(subject.lines),
        facts=facts(row, people.get(row.owner_id, "")),
        rounds=await queries.rounds_of(row.number),
        requests=requests,
        limit_bp=person.discount_limit_bp,
        approvers=approvers,
        needs_approval=needs,
        is_expired=is_expired,
    )
    return page(request, "quotations/show.html", view)


def facts(row: Quotation, owner: str) -> list[tuple[str, str]]:
    found = [
        (_("Date"), show.day(row.happened_on)),
        (_("Valid until"), show.day(row.valid_until_on) if row.valid_until_on else ""),
        (_("Seller"), owner),
        (_("Sent on"), show.instant(row.sent_at) if row.sent_at else ""),
        (_("Answered on"), show.instant(row.decided_at) if row.decided_at else ""),
        (_("Terms"), row.terms),
    ]
    return [(label, text) for label, text in found if text]


def actions_of(
    row: Quotation, person: Person, *, needs: bool, is_waiting: bool, is_expired: bool
) -> list[Action]:
    """What this person may do with the quote now; the next step is the primary one."""
    url, allowed = f"/quotes/{row.id}", QUOTATION.allowed(row.status)
    found: list[Action] = []
    if row.order_id is not None:
        found.append(Action(_("Open its order"), f"/orders/{row.order_id}", "file-text", is_primary=True))
    found.append(Action(_("Print"), f"{url}/print", "file-text"))
    if not person.may("quotation.edit"):
        return found
    if "send" in allowed and needs and not is_waiting:
        found.append(
            Action(_("Submit for approval"), f"{url}/submit", "send", is_primary=True, method="POST")
        )
    if "send" in allowed and not needs:
        found.append(Action(_("Record as sent"), f"{url}/send", "send", is_primary=True, method="POST"))
    if "accept" in allowed and not is_expired and person.may("order.edit"):
        found.append(
            Action(_("Accepted: make the order"), f"{url}/accept", "check", is_primary=True, method="POST")
        )
    if "reject" in allowed:
        found.append(Action(_("Declined"), f"{url}/reject", "x", method="POST"))
    if "edit" in allowed:
        found.append(Action(_("Edit"), f"{url}/edit", "pencil", key="e"))
    if "revise" in allowed:
        found.append(Action(_("Next round"), f"{url}/round", "refresh", method="POST"))
    return found


async def submit_quotation(request: Request) -> Response:
    await actions.submit_quotation(request.state.person, path_id(request))
    return redirect(f"/quotes/{path_id(request)}", toast=_("Submitted for approval."))


async def send_quotation(request: Request) -> Response:
    row = await actions.send_quotation(request.state.person, path_id(request))
    return redirect(f"/quotes/{row.id}", toast=_("Quote %(number)s recorded as sent.", number=row.number))


async def begin_round(request: Request) -> Response:
    row = await actions.begin_round(request.state.person, path_id(request))
    return redirect(f"/quotes/{row.id}/edit", toast=_("Round %(n)s begun.", n=row.round))


async def accept_quotation(request: Request) -> Response:
    order = await actions.accept_quotation(request.state.person, path_id(request))
    return redirect(
        f"/orders/{order.id}", toast=_("Order %(number)s made from the quote.", number=order.number)
    )


async def reject_quotation(request: Request) -> Response:
    row = await actions.reject_quotation(request.state.person, path_id(request))
    return redirect(f"/quotes/{row.id}", toast=_("Quote %(number)s recorded as declined.", number=row.number))
