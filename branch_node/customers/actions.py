"""What is done with the master record of a customer: enter, change it as a form or one field of it. Each owns its transaction."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from branch_node.customers.contacts import write_contact_points
from branch_node.customers.forms import CustomerForm
from branch_node.customers.rules import keys_of, name_key
from branch_node.editing import ChangedMeanwhile, locked
from branch_node.home import home, today
from branch_node.numbers import next_free_number, number_ahead, take_typed_number
from branch_node.own_fields import custom_after, custom_fields, custom_words
from branch_node.searching import search_key
from shared import clock
from shared.database import find, find_all, transaction
from shared.errors import Conflict, Invalid, NotAllowed, Text
from shared.i18n import N_
from shared.permissions import Person, reach, require
from shared.records import Contact, ContactPoint, CreditRecord, Customer, Employee
from shared.web.forms import entry_text

# What the form writes as it is; the rest has a rule of its own.
PLAIN_FIELDS = (
    "name", "kind", "group", "region", "industry", "source", "phone", "email", "website", "address", "city",
    "state", "postcode", "country", "tax_number", "tax_rule", "bank_name", "bank_account", "payment_terms_days",
    "concessions", "commission_code", "ship_to", "invoice_to", "notes",
)  # fmt: skip
SHOWN_FIELDS = ("code", "status", "owner_id", "currency", "credit_limit_minor", "credit_hold", *PLAIN_FIELDS)
LIMIT_RIGHT = "receivable.edit"


class ProbablyThere(Conflict):
    """The branch knows such a customer already; entering it again needs a confirmation."""

    code = "customer.duplicate"


async def add_customer(
    person: Person, form: CustomerForm, custom: Mapping[str, Any] | None = None
) -> Customer:
    """Write a new customer with its main contact. The caller has shown duplicates (`duplicates_of`) and asked.

    The owner is the person unless another one is named, which needs customer.assign. Invalid when the code is taken.
    """
    require(person, "customer.edit")
    owner_id, department_id = await _owner_of_new(person, form.owner_id)
    code = form.code or await number_ahead("customer")
    async with transaction():
        if form.code:
            await _take_typed_code(form.code, None)
        row = Customer(
            branch=home().code,
            code=code or await next_free_number("customer"),
            status=form.status if form.status != "customer" else "prospect",
            owner_id=owner_id,
            department_id=department_id,
            currency=form.currency or home().currency,
            acquired_on=form.acquired_on or today(),
            custom=dict(custom or {}),
            **{name: getattr(form, name) for name in PLAIN_FIELDS},
        )
        set_keys(row)
        await row.save()
        await _set_credit(person, row, form)
        await write_points(row, is_new=True)
        if form.contact_name:
            contact = await Contact.create(
                branch=row.branch, customer_id=row.id, name=form.contact_name, is_main=True
            )
            await write_contact_points(contact, form.phone, form.email)
    return row


async def _owner_of_new(person: Person, owner_id: UUID | None) -> tuple[UUID, UUID | None]:
    """Who will look after a new customer, and their department. Mostly the one who enters it, who was read with the request."""
    if owner_id in (None, person.id) and person.department_id and person.branch == home().code:
        return person.id, person.department_id
    owner = await owner_for(person, owner_id)
    return owner.id, owner.department_id


async def owner_for(person: Person, owner_id: UUID | None) -> Employee:
    """The employee who will look after the customer. Invalid for one who left; NotAllowed for somebody else's
    name without customer.assign over both."""
    wanted = owner_id or person.id
    condition = "id = :id AND branch = :branch AND deleted_at IS NULL"
    owner = await find(Employee, condition, id=wanted, branch=home().code)
    if owner is None or not owner.active:
        raise Invalid(fields={"owner_id": N_("Choose somebody who works here.")})
    if wanted != person.id and not reach(person, "customer.assign").covers(
        owner=owner.id, department=owner.department_id
    ):
        raise NotAllowed(
            N_("%(name)s is outside your department. Ask the branch manager to assign it."), name=owner.name
        )
    return owner


async def _take_typed_code(code: str, own_id: UUID | None) -> None:
    """A code that somebody typed. Invalid when another customer has it, or is getting it at this moment."""
    is_passed = await take_typed_number("customer", code)
    condition = "branch = :branch AND code = :code AND deleted_at IS NULL"
    taken = await find_all(Customer, condition, branch=home().code, code=code)
    if any(row.id != own_id for row in taken):
        message = N_("%(code)s is the code of another customer. Leave it empty to get one.")
        raise Invalid(fields={"code": Text(message, code=code)})
    if is_passed and not taken:
        message = N_("%(code)s was given out before. Leave it empty to get a new one, or type another.")
        raise Invalid(fields={"code": Text(message, code=code)})


def set_keys(row: Customer) -> None:
    """Bring name_key and search_key in step with the master record; before it is saved."""
    row.name_key = name_key(row.name)
    keys = keys_of(row.name, row.phone, row.email, row.tax_number, home().country)
    own = custom_words(row.custom or {})
    row.search_key = search_key(row.name, row.code, *keys.points, row.phone, row.tax_number, *own)


async def write_points(row: Customer, *, is_new: bool = False) -> None:
    """The customer's own phones and e-mail as contact points (contact_id null), in step with the master record. A customer
    that `is_new` has none yet."""
    keys = keys_of(row.name, row.phone, row.email, row.tax_number, home().country)
    wanted = {**dict.fromkeys(keys.phones, ("phone", row.phone))}
    if keys.email:
        wanted[keys.email] = ("email", row.email)
    condition = "customer_id = :id AND contact_id IS NULL AND deleted_at IS NULL"
    have = [] if is_new else await find_all(ContactPoint, condition, id=row.id)
    for point in have:
        if point.key not in wanted:
            point.deleted_at = clock.now()
            await point.save()
    for key, (kind, value) in wanted.items():
        if key not in {point.key for point in have}:
            await ContactPoint.create(
                branch=row.branch, customer_id=row.id, kind=kind, value=value[:200], key=key
            )


async def change_customer(
    person: Person, customer: Customer, form: CustomerForm, custom: Mapping[str, Any] | None = None
) -> Customer:
    """Change the master record. ChangedMeanwhile when it has another revision than the form was made from."""
    require(person, "customer.edit")
    async with transaction():
        row = await locked(Customer, customer.id, form.revision)
        if form.code and form.code != row.code:
            await _take_typed_code(form.code, row.id)
            row.code = form.code
        for name in PLAIN_FIELDS:
            setattr(row, name, getattr(form, name))
        row.status = _status_after(row, form.status)
        row.currency = form.currency or row.currency
        if form.acquired_on is not None:
            row.acquired_on = form.acquired_on
        if custom is not None:
            row.custom = custom_after(row.custom, custom, await custom_fields())
        if form.owner_id is not None and form.owner_id != row.owner_id:
            require(person, "customer.assign")
            owner = await owner_for(person, form.owner_id)
            row.owner_id, row.department_id = owner.id, owner.department_id
        set_keys(row)
        await row.save()
        await _set_credit(person, row, form)
        await write_points(row)
    return row


async def change_field(
    person: Person, customer: Customer, name: str, value: Any, *, revision: int | None, was: str
) -> Customer:
    """Change one field of the master record as the whole form would.

    ChangedMeanwhile when somebody changed this field since it stood as `was` at `revision`; changes of other fields in
    between are none of its business.
    """
    async with transaction():
        row = await locked(Customer, customer.id)
        if row.revision != revision and entry_text(getattr(row, name)) != was:
            raise ChangedMeanwhile(row)
        if name == "next_contact_on":
            require(person, "customer.edit")
            row.next_contact_on = value
            await row.save()
            return row
        values = {field: getattr(row, field) for field in SHOWN_FIELDS}
        whole = CustomerForm.model_construct(**{**values, name: value})
        return await change_customer(person, row, whole)


def _status_after(row: Customer, wanted: str) -> str:
    """Only an approved order makes a customer of a prospect; a signed customer never becomes a prospect again."""
    if wanted == "customer" and row.signed_on is None:
        return str(row.status)
    if wanted == "prospect" and row.signed_on is not None:
        return "customer"
    return wanted


async def _set_credit(person: Person, row: Customer, form: CustomerForm) -> None:
    """Sales limit and credit hold, with a dated entry of the credit history, by whoever may set them."""
    if not person.may(LIMIT_RIGHT):
        return
    if form.credit_limit_minor == row.credit_limit_minor and form.credit_hold == row.credit_hold:
        return
    if form.credit_limit_minor != row.credit_limit_minor:
        await _credit_entry(row, "limit", form.credit_limit_minor)
    if form.credit_hold != row.credit_hold:
        await _credit_entry(row, "hold" if form.credit_hold else "release", form.credit_limit_minor)
    row.credit_limit_minor, row.credit_hold = form.credit_limit_minor, form.credit_hold
    await row.save()


async def _credit_entry(row: Customer, kind: str, limit: int | None) -> None:
    await CreditRecord.create(
        branch=row.branch,
        customer_id=row.id,
        kind=kind,
        happened_on=today(),
        limit_minor=limit,
        currency=home().currency,
    )
