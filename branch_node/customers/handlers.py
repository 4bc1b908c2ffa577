"""Pages of customers: the list, the card, the form with its duplicates and conflicts."""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from branch_node.customers import actions, card, inline, queries
from branch_node.customers.custom import read_custom
from branch_node.customers.fields import groups, labels
from branch_node.customers.forms import CustomerForm, DuplicatesForm
from branch_node.customers.history import history_of
from branch_node.customers.listing import list_view
from branch_node.customers.pages import CardPage, Detail, Difference, DuplicatesPage, FormPage, InlineValue
from branch_node.customers.rules import REASONS, STATUSES
from branch_node.editing import ChangedMeanwhile
from branch_node.followups.rules import ICONS
from branch_node.followups.rules import KINDS as CONTACT_KINDS
from branch_node.merges.queries import merges_into
from branch_node.opportunities.rules import STAGES
from branch_node.own_fields import custom_fields, custom_label, custom_text
from branch_node.picking import PickPage
from branch_node.plans.rules import KINDS as PLAN_KINDS
from branch_node.requests import path_id, typed_query
from branch_node.staff.queries import names_of
from shared.errors import Conflict, Invalid
from shared.i18n import gettext as _
from shared.money import Money
from shared.permissions import Person
from shared.records import Customer, CustomFieldDef
from shared.web import filters as show
from shared.web.forms import Form, empty_form, read_form, read_query, with_errors
from shared.web.parts import Option, Tab
from shared.web.responses import page, part, redirect
from shared.web.templating import with_query


async def show_list(request: Request) -> Response:
    return await list_view(request)


async def pick(request: Request) -> Response:
    """Answer of the typeahead."""
    hits = await queries.pick_customers(request.state.person, typed_query(request))
    options_found = [Option(str(hit.value), hit.label, hit.hint) for hit in hits]
    return part(request, "pick.html", PickPage(options_found))


# --- entering ---------------------------------------------------------------------------------------------------


async def new_customer(request: Request) -> Response:
    form = empty_form(name=typed_query(request), currency="", payment_terms_days=30)
    return page(request, "customers/form.html", await form_page(request, form, None))


async def add_customer(request: Request) -> Response:
    """Write it, unless somebody like it is there and nobody said 'anyway'."""
    person: Person = request.state.person
    definitions = await custom_fields()
    form = await read_form(request, CustomerForm)
    form, custom = await read_custom(request, form, definitions)
    if form.errors:
        return page(request, "customers/form.html", await form_page(request, form, None), status=422)
    found = await duplicates(person, form.value, None)
    if found and not form.value.confirmed:
        return page(request, "customers/form.html", await form_page(request, form, None, found), status=422)
    try:
        row = await actions.add_customer(person, form.value, custom)
    except (Invalid, Conflict) as refused:
        view = await form_page(request, with_errors(form, refused), None, found)
        return page(request, "customers/form.html", view, status=422)
    return redirect(f"/customers/{row.id}", toast=_("%(name)s saved.", name=row.name))


async def edit_customer(request: Request) -> Response:
    row = await queries.standing_customer(request.state.person, path_id(request), "customer.edit")
    return page(request, "customers/form.html", await form_page(request, await form_with(row), row))


async def form_with(row: Customer) -> Form[CustomerForm]:
    """The form as the record stands."""
    values: dict[str, Any] = {name: getattr(row, name) for name in actions.SHOWN_FIELDS}
    values["credit_limit_minor"] = (
        None if row.credit_limit_minor is None else Money(row.credit_limit_minor, base_currency())
    )
    values |= {f"custom_{key}": value for key, value in (row.custom or {}).items()}
    return empty_form(**values, acquired_on=row.acquired_on, revision=row.revision)


def base_currency() -> str:
    from branch_node.home import home

    return home().currency


async def change_customer(request: Request) -> Response:
    """Save; when somebody else saved meanwhile, show both versions and ask again."""
    person: Person = request.state.person
    row = await queries.standing_customer(person, path_id(request), "customer.edit")
    definitions = await custom_fields()
    form = await read_form(request, CustomerForm)
    form, custom = await read_custom(request, form, definitions)
    if form.errors:
        return page(request, "customers/form.html", await form_page(request, form, row), status=422)
    try:
        await actions.change_customer(person, row, form.value, custom)
    except Invalid as refused:
        view = await form_page(request, with_errors(form, refused), row)
        return page(request, "customers/form.html", view, status=422)
    except ChangedMeanwhile as conflict:
        return page(request, "customers/form.html", await conflict_page(request, form, conflict), status=409)
    return redirect(f"/customers/{row.id}", toast=_("%(name)s saved.", name=form.value.name))


async def conflict_page(request: Request, form: Form[CustomerForm], conflict: ChangedMeanwhile) -> FormPage:
    """Both versions side by side; saving again keeps what stands in the form."""
    current = conflict.current
    assert isinstance(current, Customer)
    theirs = await form_with(current)
    label = labels()
    rows = [
        Difference(label[name], theirs.text(name), form.text(name))
        for name in (*actions.PLAIN_FIELDS, "code", "status")
        if name in label and theirs.text(name) != form.text(name)
    ]
    people = await names_of([current.changed_by])
    typed = {**form.typed, "revision": str(current.revision)}
    view = await form_page(request, Form(typed, {"": _("Compare both versions and save again.")}), current)
    from dataclasses import replace

    return replace(view, differences=rows, changed_by=people.get(current.changed_by, ""))


async def form_page(
    request: Request, form: Form[Any], row: Customer | None, found: Sequence[queries.Duplicate] = ()
) -> FormPage:
    person: Person = request.state.person
    owner = ""
    if row is not None and row.owner_id is not None:
        owner = (await names_of([row.owner_id])).get(row.owner_id, "")
    definitions: Sequence[CustomFieldDef] = await custom_fields()
    shown = groups(
        person,
        form,
        is_new=row is None,
        is_signed=row is not None and row.signed_on is not None,
        owner=owner,
        custom=definitions,
    )
    url = f"/customers/{row.id}" if row else "/customers"
    return FormPage(
        title=_("Edit %(name)s", name=row.name) if row else _("New customer"),
        action=url,
        cancel_url=url,
        form=form,
        groups=shown,
        labels={one.name: one.label for group in shown for one in group.fields},
        duplicates=found,
        reasons={code: _(label) for code, label in REASONS.items()},
        own_id=row.id if row else None,
    )


async def duplicates(person: Person, value: Any, own_id: Any) -> list[queries.Duplicate]:
    return await queries.duplicates_of(
        person,
        name=value.name,
        phone=value.phone,
        email=value.email,
        tax_number=value.tax_number,
        own_id=own_id,
    )


async def show_duplicates(request: Request) -> Response:
    """Asked while the form is filled in: who is probably the same."""
    form = read_query(request, DuplicatesForm)
    found = [] if form.errors else await duplicates(request.state.person, form.value, form.value.own_id)
    reasons = {code: _(label) for code, label in REASONS.items()}
    return part(request, "customers/duplicates.html", DuplicatesPage(found, reasons))


# --- the card ---------------------------------------------------------------------------------------------------

EVENT_URLS = {
    "activity": "/followups/",
    "opportunity": "/opportunities/",
    "quotation": "/quotes/",
    "order": "/orders/",
    "receipt": "/receipts/",
    "plan": "",
    "feedback": "/feedback/",
    "task": "/tasks/",
}


def tab_labels() -> dict[str, str]:
    return {
        "all": _("All"),
        "contacts": _("Follow-ups"),
        "quotes": _("Opportunities and quotes"),
        "orders": _("Orders"),
        "money": _("Receipts"),
        "plans": _("Plans"),
        "feedback": _("Feedback"),
        "audit": _("History"),
    }


async def show_card(request: Request) -> Response:
    """Who, how much they owe, what next; then one merged list of what happened."""
    person: Person = request.state.person
    row = await queries.customer_for(person, path_id(request))
    tab = request.query_params.get("tab", "all")
    tab = tab if tab in tab_labels() else "all"
    events: Sequence[card.Event] = ()
    older = ""
    audit = []
    if tab == "audit":
        words = {"created": _("entered this customer"), "changed": _("changed"), "system": _("the system")}
        audit = await history_of(row, labels(), words)
    else:
        events, older = await card.timeline(person, row, tab, request.query_params.get("before", ""))
    people = await names_of([row.owner_id])
    stands = row.merged_into_id is None
    view = CardPage(
        customer=row,
        owner=people.get(row.owner_id, ""),
        money=await card.money_of(row) if person.may("receivable.view") else None,
        next=await card.next_step(person, row),
        tabs=[Tab(text, with_query(tab=key, before=None), key == tab) for key, text in tab_labels().items()],
        tab=tab,
        events=events,
        older_url=with_query(before=older) if older else "",
        contacts=await queries.contacts_of(row.id) if person.may("contact.view") else [],
        addresses=await queries.addresses_of(row.id),
        discounts=await card.discounts_of(row) if person.may("quotation.view") else [],
        details=await details(person, row, people.get(row.owner_id, "")),
        words=event_words(),
        urls=EVENT_URLS,
        can_edit=stands and may_touch(person, row, "customer.edit"),
        can_contact=stands and may_touch(person, row, "contact.edit"),
        can_follow=stands and person.may("followup.edit"),
        audit=audit,
        feedback_url=f"/feedback/new?customer={row.id}" if stands and person.may("feedback.edit") else "",
        merged_into=(await queries.customer_names([row.merged_into_id])).get(row.merged_into_id, ""),
        merges=await merges_into(row.id)
        if tab == "audit" and may_touch(person, row, "customer.merge")
        else [],
        can_merge=stands and may_touch(person, row, "customer.merge"),
    )
    return page(request, "customers/card.html", view)


def may_touch(person: Person, row: Customer, action: str) -> bool:
    from shared.permissions import reach

    return person.may(action) and reach(person, action).covers(
        owner=row.owner_id, department=row.department_id
    )


def event_words() -> dict[str, dict[str, str]]:
    """Labels and icons of the timeline's kinds and details."""
    return {
        "kind": {
            "activity": _("follow-up"),
            "opportunity": _("opportunity"),
            "quotation": _("quote"),
            "order": _("order"),
            "receipt": _("receipt"),
            "plan": _("plan item"),
            "feedback": _("feedback"),
            "task": _("task"),
        },
        "icon": {
            "opportunity": "target",
            "quotation": "file-text",
            "order": "clipboard-list",
            "receipt": "cash",
            "plan": "list-check",
            "feedback": "message",
            "task": "check",
        },
        "contact": {code: _(text) for code, text in CONTACT_KINDS.items()},
        "contact_icon": dict(ICONS),
        "plan": {code: _(text) for code, text in PLAN_KINDS.items()},
        "stage": {code: _(label) for code, (label, _percent) in STAGES.items()},
        "status": {code: _(text) for code, text in STATUSES.items()},
        "address": address_kinds(),
    }


def address_kinds() -> dict[str, str]:
    return {"ship_to": _("Ship to"), "invoice_to": _("Invoice to"), "other": _("Other address")}


async def details(person: Person, row: Customer, owner: str) -> list[Detail]:
    """The master record: fields edited in place always, others where they have a value."""
    label = labels()
    can_edit = may_touch(person, row, "customer.edit") and row.merged_into_id is None
    found = [Detail(label["code"], row.code, "code")]
    for name in ("owner_id", *actions.PLAIN_FIELDS, "next_contact_on"):
        if name == "name":
            continue
        text = owner if name == "owner_id" else await inline.shown_text(row, name)
        is_edited = can_edit and inline.may_edit(person, name)
        if text or is_edited:
            edit = InlineValue(row.id, name, label[name], text) if is_edited else None
            found.append(Detail(label[name], text, name, edit))
    limit = row.credit_limit_minor
    if limit is not None:
        text = show.money(Money(limit, base_currency()))
        found.append(Detail(label["credit_limit_minor"], text, "credit_limit_minor"))
    found.append(Detail(label["currency"], row.currency, "currency"))
    found.append(Detail(label["acquired_on"], show.day(row.acquired_on), "acquired_on"))
    for one in await custom_fields():
        if one.key in (row.custom or {}):
            found.append(
                Detail(custom_label(one), custom_text(one, row.custom[one.key]), f"custom_{one.key}")
            )
    return found
