"""Pages of the people at a customer and of further addresses."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from branch_node.customers import contacts, queries
from branch_node.customers.forms import AddressForm, ContactForm
from branch_node.customers.handlers import address_kinds
from branch_node.customers.pages import AddressPage, ContactPage
from branch_node.requests import path_id
from branch_node.undoing.actions import undo_url
from shared.errors import NotFound
from shared.i18n import gettext as _
from shared.records import Address, Contact, Customer
from shared.web.forms import Form, empty_form, read_form
from shared.web.parts import Option
from shared.web.responses import page, redirect


async def customer_of(request: Request, action: str) -> Customer:
    return await queries.standing_customer(request.state.person, path_id(request), action)


def contact_page(customer: Customer, form: Form[ContactForm], contact_id: UUID | None) -> ContactPage:
    url = f"/customers/{customer.id}/contacts"
    return ContactPage(customer, form, f"{url}/{contact_id}" if contact_id else url, contact_id)


async def new_contact(request: Request) -> Response:
    customer = await customer_of(request, "contact.edit")
    return page(request, "customers/contact.html", contact_page(customer, empty_form(), None))


async def add_contact(request: Request) -> Response:
    return await write_contact(request, None)


async def edit_contact(request: Request) -> Response:
    customer = await customer_of(request, "contact.edit")
    contact_id = path_id(request, "contact")
    found = next((one for one in await queries.contacts_of(customer.id) if one.id == contact_id), None)
    if found is None:
        raise NotFound()
    form = empty_form(
        name=found.name,
        position=found.position,
        phone=", ".join(found.phones),
        email=", ".join(found.emails),
        is_main=found.is_main,
        notes=found.notes,
    )
    return page(request, "customers/contact.html", contact_page(customer, form, contact_id))


async def change_contact(request: Request) -> Response:
    return await write_contact(request, path_id(request, "contact"))


async def write_contact(request: Request, contact_id: UUID | None) -> Response:
    customer = await customer_of(request, "contact.edit")
    form = await read_form(request, ContactForm)
    if form.errors:
        return page(request, "customers/contact.html", contact_page(customer, form, contact_id), status=422)
    row = await contacts.save_contact(request.state.person, customer, form.value, contact_id)
    return redirect(f"/customers/{customer.id}", toast=_("%(name)s saved.", name=row.name))


async def remove_contact(request: Request) -> Response:
    customer = await customer_of(request, "contact.edit")
    contact_id = path_id(request, "contact")
    await contacts.remove_contact(request.state.person, customer, contact_id)
    undo = await undo_url(Contact, contact_id)
    return redirect(f"/customers/{customer.id}", toast=_("Contact removed."), undo=undo)


def address_page(customer: Customer, form: Form[AddressForm]) -> AddressPage:
    return AddressPage(customer, form, [Option(code, text) for code, text in address_kinds().items()])


async def new_address(request: Request) -> Response:
    customer = await customer_of(request, "customer.edit")
    return page(request, "customers/address.html", address_page(customer, empty_form()))


async def add_address(request: Request) -> Response:
    customer = await customer_of(request, "customer.edit")
    form = await read_form(request, AddressForm)
    if form.errors:
        return page(request, "customers/address.html", address_page(customer, form), status=422)
    await contacts.add_address(request.state.person, customer, form.value)
    return redirect(f"/customers/{customer.id}", toast=_("Address saved."))


async def remove_address(request: Request) -> Response:
    customer = await customer_of(request, "customer.edit")
    address_id = path_id(request, "address")
    await contacts.remove_address(request.state.person, customer, address_id)
    undo = await undo_url(Address, address_id)
    return redirect(f"/customers/{customer.id}", toast=_("Address removed."), undo=undo)
