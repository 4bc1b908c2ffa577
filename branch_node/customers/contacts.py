"""People at a customer and further addresses: written and taken off. Each owns its transaction."""

from uuid import UUID

from branch_node.customers.forms import AddressForm, ContactForm
from branch_node.customers.rules import email_key, phone_key
from branch_node.editing import locked
from branch_node.home import home
from shared import clock
from shared.database import transaction
from shared.errors import NotFound
from shared.permissions import Person, require
from shared.records import Address, Contact, ContactPoint, Customer


async def save_contact(
    person: Person, customer: Customer, form: ContactForm, contact_id: UUID | None = None
) -> Contact:
    """Write a person at the customer, a new one or the one with `contact_id`; at most one is the main one."""
    require(person, "contact.edit")
    async with transaction():
        await locked(Customer, customer.id)
        if contact_id is None:
            row = Contact(branch=customer.branch, customer_id=customer.id)
        else:
            row = await locked(Contact, contact_id)
            if row.customer_id != customer.id:
                raise NotFound()
        row.name, row.position, row.notes = form.name, form.position, form.notes
        row.is_main = form.is_main
        await row.save()
        if row.is_main:
            for other in await Contact.filter(customer_id=customer.id, is_main=True, deleted_at=None):
                if other.id != row.id:
                    other.is_main = False
                    await other.save()
        await write_contact_points(row, form.phone, form.email)
    return row


async def write_contact_points(contact: Contact, phone: str, email: str) -> None:
    have = await ContactPoint.filter(contact_id=contact.id, deleted_at=None)
    wanted = {"phone": phone.strip(), "email": email.strip()}
    for point in have:
        if wanted.get(point.kind) == point.value:
            wanted.pop(point.kind)
        else:
            point.deleted_at = clock.now()
            await point.save()
    for kind, value in wanted.items():
        if value:
            key = phone_key(value, home().country) if kind == "phone" else email_key(value)
            await ContactPoint.create(
                branch=contact.branch,
                customer_id=contact.customer_id,
                contact_id=contact.id,
                kind=kind,
                value=value,
                key=key,
            )


async def remove_contact(person: Person, customer: Customer, contact_id: UUID) -> None:
    """Take a person off the customer; the row stays, marked as deleted."""
    require(person, "contact.edit")
    async with transaction():
        row = await locked(Contact, contact_id)
        if row.customer_id != customer.id:
            raise NotFound()
        row.deleted_at = clock.now()
        await row.save()
        for point in await ContactPoint.filter(contact_id=row.id, deleted_at=None):
            point.deleted_at = clock.now()
            await point.save()


async def add_address(person: Person, customer: Customer, form: AddressForm) -> Address:
    """A further address."""
    require(person, "customer.edit")
    async with transaction():
        return await Address.create(
            branch=customer.branch,
            customer_id=customer.id,
            kind=form.kind,
            line=form.line,
            city=form.city,
            postcode=form.postcode,
        )


async def remove_address(person: Person, customer: Customer, address_id: UUID) -> None:
    """Take an address off the customer."""
    require(person, "customer.edit")
    async with transaction():
        row = await locked(Address, address_id)
        if row.customer_id != customer.id:
            raise NotFound()
        row.deleted_at = clock.now()
        await row.save()
