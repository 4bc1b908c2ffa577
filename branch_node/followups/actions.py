"""What is done with follow-ups: record one, plan one, finish or cancel a planned one. Each owns its transaction.

Every change brings the customer's last and next contact up to date in the same transaction.
"""

from datetime import date
from uuid import UUID

from branch_node.customers.rules import last_contact, next_contact
from branch_node.editing import locked
from branch_node.followups.forms import ActivityForm, DoneForm, PlanForm
from branch_node.followups.rules import MOVES, check_days
from branch_node.home import home, today
from shared.database import transaction
from shared.errors import Invalid, NotFound
from shared.i18n import N_
from shared.permissions import Person, require
from shared.records import Activity, Contact, Customer, Employee


async def record_activity(person: Person, customer: Customer, form: ActivityForm) -> Activity:
    """Write a contact that was made; a date of the next one becomes a planned contact of its own."""
    require(person, "followup.edit")
    happened_on = form.happened_on or today()
    check_days(happened_on, form.next_on, today())
    async with transaction():
        row = await locked(Customer, customer.id)
        await _check_contact(row.id, form.contact_id)
        owner = await _doer(person)
        activity = await Activity.create(
            branch=home().code,
            customer_id=row.id,
            contact_id=form.contact_id,
            owner_id=owner.id,
            department_id=owner.department_id,
            kind=form.kind,
            status="done",
            subject=form.subject,
            notes=form.notes,
            outcome=form.outcome,
            happened_on=happened_on,
            next_on=form.next_on,
            is_return_visit=form.is_return_visit,
            minutes=form.minutes,
            cost_minor=form.cost_minor,
        )
        if form.next_on is not None:
            await _plan(
                owner, row.id, form.next_kind or form.kind, form.next_subject or form.subject, form.next_on
            )
        await _touch(row, happened_on, form.next_on)
    return activity


async def plan_activity(person: Person, customer: Customer, form: PlanForm) -> Activity:
    """Write a contact to be made. Invalid for a day in the past."""
    require(person, "followup.edit")
    if form.planned_on < today():
        raise Invalid(fields={"planned_on": N_("The next contact lies in the past. Choose today or later.")})
    async with transaction():
        row = await locked(Customer, customer.id)
        owner = await _doer(person)
        activity = await _plan(
            owner, row.id, form.kind, form.subject, form.planned_on, is_return_visit=form.is_return_visit
        )
        await _touch(row, None, None)
    return activity


async def finish_activity(person: Person, activity: Activity, form: DoneForm) -> Activity:
    """A planned contact was made. Conflict when it is done or cancelled already."""
    require(person, "followup.edit")
    happened_on = form.happened_on or today()
    check_days(happened_on, form.next_on, today())
    async with transaction():
        row = await locked(Activity, activity.id)
        row.status = MOVES.target("do", row.status, row.subject)
        row.happened_on, row.next_on = happened_on, form.next_on
        row.notes, row.outcome = form.notes or row.notes, form.outcome
        row.kind = form.kind or row.kind
        await row.save()
        customer = await locked(Customer, row.customer_id)
        if form.next_on is not None:
            await _plan(await _doer(person), customer.id, row.kind, row.subject, form.next_on)
        await _touch(customer, happened_on, form.next_on)
    return row


async def cancel_activity(person: Person, activity: Activity) -> Activity:
    """A planned contact will not be made."""
    require(person, "followup.edit")
    async with transaction():
        row = await locked(Activity, activity.id)
        row.status = MOVES.target("cancel", row.status, row.subject)
        await row.save()
        customer = await locked(Customer, row.customer_id)
        if customer.next_contact_on == row.planned_on:
            customer.next_contact_on = None
            await customer.save(update_fields=["next_contact_on"])
        await _touch(customer, None, None)
    return row


async def _plan(
    owner: Employee, customer_id: UUID, kind: str, subject: str, day: date, *, is_return_visit: bool = False
) -> Activity:
    return await Activity.create(
        branch=home().code,
        customer_id=customer_id,
        owner_id=owner.id,
        department_id=owner.department_id,
        kind=kind,
        status="planned",
        subject=subject,
        planned_on=day,
        is_return_visit=is_return_visit,
    )


async def _touch(customer: Customer, happened_on: date | None, asked: date | None) -> None:
    """Bring last and next contact up to date; the row is locked by the caller."""
    rows = await Activity.filter(
        customer_id=customer.id, status="planned", deleted_at=None, planned_on__not_isnull=True
    )
    planned = [row.planned_on for row in rows if row.planned_on is not None]
    before = (customer.last_contact_on, customer.next_contact_on)
    if happened_on is not None:
        customer.last_contact_on = last_contact(customer.last_contact_on, happened_on)
    customer.next_contact_on = next_contact(customer.next_contact_on, happened_on, planned, asked)
    if (customer.last_contact_on, customer.next_contact_on) != before:
        await customer.save(update_fields=["last_contact_on", "next_contact_on"])


async def _doer(person: Person) -> Employee:
    found = await Employee.get_or_none(id=person.id)
    if found is None:
        raise NotFound()
    return found


async def _check_contact(customer_id: UUID, contact_id: UUID | None) -> None:
    if contact_id is not None and not await Contact.exists(
        id=contact_id, customer_id=customer_id, deleted_at=None
    ):
        raise Invalid(fields={"contact_id": N_("Choose one from the list.")})
