"""What is done with customers: enter, change, people and addresses, assign, hand over. Each owns its transaction."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from branch_node.audit import note
from branch_node.customers.forms import AddressForm, ContactForm, CustomerForm
from branch_node.customers.rules import email_key, keys_of, moved_account, name_key, phone_key
from branch_node.editing import locked
from branch_node.home import home, today
from branch_node.numbers import next_number
from branch_node.searching import search_key
from shared import clock
from shared.database import actor, execute, fetch_all, transaction
from shared.errors import Conflict, Invalid, NotAllowed, NotFound, Text
from shared.i18n import N_
from shared.permissions import Person, reach, require
from shared.records import Address, Contact, ContactPoint, CreditRecord, Customer, CustomFieldDef, Employee

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
    async with transaction():
        owner = await _owner(person, form.owner_id)
        code = form.code or await next_number("customer", "C")
        await _refuse_taken_code(code, None)
        row = Customer(
            branch=home().code,
            code=code,
            status=form.status if form.status != "customer" else "prospect",
            owner_id=owner.id,
            department_id=owner.department_id,
            currency=form.currency or home().currency,
            acquired_on=form.acquired_on or today(),
            custom=dict(custom or {}),
            **{name: getattr(form, name) for name in PLAIN_FIELDS},
        )
        set_keys(row)
        await row.save()
        await _set_credit(person, row, form)
        await write_points(row)
        if form.contact_name:
            contact = await Contact.create(
                branch=row.branch, customer_id=row.id, name=form.contact_name, is_main=True
            )
            await _write_contact_points(contact, form.phone, form.email)
    return row


async def _owner(person: Person, owner_id: UUID | None) -> Employee:
    """The employee who will look after the customer. Invalid for one who left; NotAllowed for somebody else's
    name without customer.assign over both."""
    wanted = owner_id or person.id
    owner = await Employee.get_or_none(id=wanted, branch=home().code, deleted_at=None)
    if owner is None or not owner.active:
        raise Invalid(fields={"owner_id": N_("Choose somebody who works here.")})
    if wanted != person.id and not reach(person, "customer.assign").covers(
        owner=owner.id, department=owner.department_id
    ):
        raise NotAllowed(
            N_("%(name)s is outside your department. Ask the branch manager to assign it."), name=owner.name
        )
    return owner


async def _refuse_taken_code(code: str, own_id: UUID | None) -> None:
    taken = await Customer.filter(branch=home().code, code=code, deleted_at=None).exclude(id=own_id).exists()
    if taken:
        raise Invalid(
            fields={
                "code": Text(
                    N_("%(code)s is the code of another customer. Leave it empty to get one."), code=code
                )
            }
        )


def set_keys(row: Customer) -> None:
    """Bring name_key and search_key in step with the master record; before it is saved."""
    row.name_key = name_key(row.name)
    keys = keys_of(row.name, row.phone, row.email, row.tax_number, home().country)
    own = custom_words(row.custom or {})
    row.search_key = search_key(row.name, row.code, *keys.points, row.phone, row.tax_number, *own)


def custom_words(values: Mapping[str, Any]) -> list[str]:
    """What of own fields is found by the search: texts, numbers and choices, not yes or no."""
    return [str(value) for value in values.values() if value is not None and not isinstance(value, bool)]


async def write_points(row: Customer) -> None:
    """The customer's own phones and e-mail as contact points (contact_id null), in step with the master record."""
    keys = keys_of(row.name, row.phone, row.email, row.tax_number, home().country)
    wanted = {**dict.fromkeys(keys.phones, ("phone", row.phone))}
    if keys.email:
        wanted[keys.email] = ("email", row.email)
    have = await ContactPoint.filter(customer_id=row.id, contact_id=None, deleted_at=None)
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
            await _refuse_taken_code(form.code, row.id)
            row.code = form.code
        for name in PLAIN_FIELDS:
            setattr(row, name, getattr(form, name))
        row.status = _status_after(row, form.status)
        row.currency = form.currency or row.currency
        if form.acquired_on is not None:
            row.acquired_on = form.acquired_on
        if custom is not None:
            row.custom = dict(custom)
        if form.owner_id is not None and form.owner_id != row.owner_id:
            require(person, "customer.assign")
            owner = await _owner(person, form.owner_id)
            row.owner_id, row.department_id = owner.id, owner.department_id
        set_keys(row)
        await row.save()
        await _set_credit(person, row, form)
        await write_points(row)
    return row


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
        await _write_contact_points(row, form.phone, form.email)
    return row


async def _write_contact_points(contact: Contact, phone: str, email: str) -> None:
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


async def assign_customers(person: Person, ids: Sequence[UUID], to_id: UUID) -> int:
    """Give chosen customers to somebody; those outside the person's reach are refused as a whole. How many moved."""
    require(person, "customer.assign")
    async with transaction():
        owner = await _owner(person, to_id)
        scope = reach(person, "customer.assign")
        rows = await Customer.filter(
            id__in=list(ids), branch=home().code, deleted_at=None
        ).select_for_update()
        if len(rows) != len(set(ids)) or not all(
            scope.covers(owner=row.owner_id, department=row.department_id) for row in rows
        ):
            raise NotFound()
        moving = [row for row in rows if row.owner_id != owner.id]
        for row in moving:
            row.owner_id, row.department_id = owner.id, owner.department_id
            await row.save()
        if moving:
            await note(
                person, "customers.assigned", "employee", owner.id,
                to=owner.name, count=len(moving), ids=moved_account(row.id for row in moving),
            )  # fmt: skip
    return len(moving)


HANDED_OVER: tuple[tuple[str, str, str, str, bool], ...] = (
    ("customers", "customer", "owner_id", "status <> 'merged'", True),
    ("tasks", "task", "employee_id", "status IN ('open', 'accepted')", True),
    ("followups", "activity", "owner_id", "status = 'planned'", True),
    ("feedback", "feedback", "assigned_to", "status <> 'closed'", False),
    ("opportunities", "opportunity", "owner_id", "closed_on IS NULL", True),
    ("quotations", "quotation", "owner_id", "status IN ('draft', 'sent')", True),
)


async def hand_over(person: Person, from_id: UUID, to_id: UUID, reason: str = "") -> dict[str, int]:
    """All customers of one employee and what is open with them to another one, in one transaction, with a record.

    What was done in the past keeps the name of who did it: orders, receipts and finished activities stay. Returns
    how many of each kind moved; a second call moves nothing. Set-based: 10,000 customers are six statements.
    """
    require(person, "customer.assign")
    if from_id == to_id:
        raise Invalid(fields={"to_id": N_("Choose somebody else than the one who hands over.")})
    async with transaction():
        owner = await _owner(person, to_id)
        leaver = await Employee.get_or_none(id=from_id, branch=home().code, deleted_at=None)
        if leaver is None or not reach(person, "customer.assign").covers(
            owner=leaver.id, department=leaver.department_id
        ):
            raise NotFound()
        ids = await fetch_all(
            "SELECT id FROM customer WHERE owner_id = :leaver AND branch = :branch AND deleted_at IS NULL "
            "AND status <> 'merged' ORDER BY id LIMIT 200",
            leaver=leaver.id,
            branch=home().code,
        )
        moved = {one[0]: await _hand_over_rows(leaver.id, owner, one) for one in HANDED_OVER}
        if any(moved.values()):
            await note(
                person, "customers.handed_over", "employee", leaver.id,
                **{"from": leaver.name, "to": owner.name, "to_id": str(owner.id), "reason": reason,
                   "moved": moved, "first_ids": [str(row["id"]) for row in ids]},
            )  # fmt: skip
    return moved


async def _hand_over_rows(leaver_id: UUID, owner: Employee, what: tuple[str, str, str, str, bool]) -> int:
    _kind, table, column, condition, has_department = what
    department = ", department_id = :department" if has_department else ""
    return await execute(
        f'UPDATE "{table}" SET {column} = :owner{department}, revision = revision + 1, changed_at = :now, '
        f"changed_by = :by WHERE {column} = :leaver AND branch = :branch AND deleted_at IS NULL AND {condition}",
        owner=owner.id,
        department=owner.department_id,
        now=clock.now(),
        by=actor(),
        leaver=leaver_id,
        branch=home().code,
    )


async def add_custom_field(
    person: Person,
    *,
    entity: str,
    key: str,
    label: str,
    label_en: str,
    kind: str,
    choices: Sequence[str],
    required: bool,
) -> CustomFieldDef:
    """A field that an administrator adds. Invalid when its key is taken or a choice has no choices."""
    require(person, "settings.edit")
    if kind == "choice" and len(choices) < 2:
        raise Invalid(fields={"choices": N_("Enter at least two choices, one a line.")})
    async with transaction():
        if await CustomFieldDef.filter(branch=home().code, entity=entity, key=key, deleted_at=None).exists():
            raise Invalid(fields={"label": N_("There is such a field already.")})
        count = await CustomFieldDef.filter(branch=home().code, entity=entity).count()
        return await CustomFieldDef.create(
            branch=home().code,
            entity=entity,
            key=key,
            label=label,
            label_en=label_en,
            kind=kind,
            choices=list(choices),
            required=required,
            position=count + 1,
        )


async def toggle_custom_field(person: Person, field_id: UUID) -> CustomFieldDef:
    """Show or hide a field; stored values stay."""
    require(person, "settings.edit")
    async with transaction():
        row = await locked(CustomFieldDef, field_id)
        row.active = not row.active
        await row.save()
    return row
