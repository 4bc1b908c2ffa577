"""One field of a customer edited where it stands: Enter saves, Esc restores, a conflict shows both values.

With htmx the answers are parts for the place of the value; without scripts the same form is a small page.
"""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from branch_node.customers import actions, queries
from branch_node.customers.fields import choices, labels, options, word_of
from branch_node.customers.forms import FieldForm
from branch_node.customers.pages import InlinePage, InlineValue, Theirs
from branch_node.customers.rules import GROUPS, KINDS, REGIONS
from branch_node.editing import ChangedMeanwhile
from branch_node.requests import path_id
from branch_node.staff.queries import names_of
from shared.errors import Invalid, NotFound
from shared.i18n import gettext as _
from shared.permissions import Person
from shared.records import Customer
from shared.web import filters as show
from shared.web.forms import Form, empty_form, entry_text, read_form, with_errors
from shared.web.parts import Field
from shared.web.responses import is_htmx, page, part, redirect

EDITED = ("phone", "email", "kind", "group", "region", "owner_id", "payment_terms_days", "next_contact_on")
"""The fields that people change in passing."""


def field_of(name: str, current: str, owner: str) -> Field:
    """The box of a field."""
    label = labels()[name]
    kinds: Mapping[str, Field] = {
        "phone": Field(name, label, "tel", is_focused=True, max_length=80),
        "email": Field(name, label, "email", is_focused=True, max_length=200),
        "kind": Field(name, label, "select", options=options(KINDS), is_focused=True),
        "group": Field(name, label, "select", options=options(GROUPS), is_focused=True),
        "region": Field(name, label, "select", options=choices(REGIONS, current), is_focused=True),
        "owner_id": Field(
            name, label, "pick", pick_url="/staff/pick?for=customer.assign", pick_text=owner, is_focused=True
        ),
        "payment_terms_days": Field(name, label, "number", width="s", unit=_("days"), is_focused=True),
        "next_contact_on": Field(name, label, "date", is_focused=True),
    }
    return kinds[name]


def may_edit(person: Person, name: str) -> bool:
    """Whether a person who may edit the customer may edit this field of it."""
    return name in EDITED and (name != "owner_id" or person.may("customer.assign"))


async def shown_text(row: Customer, name: str) -> str:
    """The value in words, "" for none."""
    value = getattr(row, name)
    if value is None or value == "":
        return ""
    if name == "owner_id":
        return (await names_of([value])).get(value, "")
    if name == "next_contact_on":
        return show.day(value)
    return _("%(n)s days", n=value) if name == "payment_terms_days" else word_of(name, str(value))


async def value_of(row: Customer, name: str) -> InlineValue:
    """The value as a link to its box."""
    return InlineValue(row.id, name, labels()[name], await shown_text(row, name))


async def _record(request: Request) -> tuple[Customer, str]:
    """The customer and the field of the address; NotFound for one outside reach or not edited this way."""
    person: Person = request.state.person
    name = request.path_params["name"]
    if not may_edit(person, name):
        raise NotFound()
    return await queries.standing_customer(person, path_id(request), "customer.edit"), name


async def show_field(request: Request) -> Response:
    """The box; with ?shown=1 the value again (Esc)."""
    row, name = await _record(request)
    if request.query_params.get("shown") == "1":
        return await shown(request, row, name)
    return await box(request, row, name, empty_form(**{name: getattr(row, name)}))


async def shown(request: Request, row: Customer, name: str) -> Response:
    if not is_htmx(request):
        return redirect(f"/customers/{row.id}")
    return part(request, "customers/inline_value.html", await value_of(row, name))


async def box(
    request: Request,
    row: Customer,
    name: str,
    form: Form[Any],
    theirs: Theirs | None = None,
    status: int = 200,
) -> Response:
    current = entry_text(getattr(row, name))
    owner = await shown_text(row, name) if name == "owner_id" else ""
    view = InlinePage(row, name, field_of(name, current, owner), form, row.revision, current, theirs)
    if is_htmx(request):
        return part(request, "customers/inline.html", view, status=status)
    return page(request, "customers/inline_page.html", view, status=status)


async def save_field(request: Request) -> Response:
    """Save it, show what is wrong at the box, or both values when somebody changed this field meanwhile."""
    row, name = await _record(request)
    form = await read_form(request, FieldForm)
    wrong = {key: text for key, text in form.errors.items() if key == name}
    if form.errors:
        return await box(request, row, name, Form(form.typed, wrong or form.errors), status=422)
    value, revision = getattr(form.value, name), form.value.revision
    try:
        row = await actions.change_field(
            request.state.person, row, name, value, revision=revision, was=form.value.was
        )
    except Invalid as refused:
        return await box(request, row, name, with_errors(form, refused), status=422)
    except ChangedMeanwhile as conflict:
        current = conflict.current
        assert isinstance(current, Customer)
        return await box(request, current, name, form, await theirs_of(current, name), status=409)
    if not is_htmx(request):
        return redirect(f"/customers/{row.id}", toast=_("%(name)s saved.", name=row.name))
    return part(request, "customers/inline_value.html", await value_of(row, name))


async def theirs_of(row: Customer, name: str) -> Theirs:
    """What somebody else made of the field, who and when."""
    names = await names_of([row.changed_by])
    return Theirs(
        await shown_text(row, name), names.get(row.changed_by, "") or _("the system"), row.changed_at
    )
