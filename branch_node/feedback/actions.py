"""What is done with feedback: enter, assign, answer, close, reopen. Each owns its transaction."""

from branch_node.editing import locked
from branch_node.feedback.forms import FeedbackForm
from branch_node.feedback.rules import MOVES
from branch_node.home import home, today
from shared import clock
from shared.database import transaction
from shared.errors import Invalid, NotFound
from shared.i18n import N_
from shared.permissions import Person, require
from shared.records import Customer, Employee, Feedback


async def enter_feedback(person: Person, form: FeedbackForm, customer: Customer | None) -> Feedback:
    """Write what a customer told us. It belongs to who looks after the customer, else to the person."""
    require(person, "feedback.edit")
    happened_on = form.happened_on or today()
    if happened_on > today():
        raise Invalid(fields={"happened_on": N_("This day is still to come.")})
    async with transaction():
        writer = await Employee.get_or_none(id=person.id)
        if writer is None:
            raise NotFound()
        return await Feedback.create(
            branch=home().code,
            customer_id=customer.id if customer else None,
            owner_id=writer.id,
            department_id=(customer.department_id if customer else None) or writer.department_id,
            kind=form.kind,
            level=form.level,
            happened_on=happened_on,
            subject=form.subject,
            text=form.text,
        )


async def assign_feedback(person: Person, feedback: Feedback, employee: Employee) -> Feedback:
    """Name who takes care of it."""
    require(person, "feedback.handle")
    async with transaction():
        row = await locked(Feedback, feedback.id)
        row.status = MOVES.target("assign", row.status, row.subject)
        row.assigned_to = employee.id
        await row.save()
    return row


async def answer_feedback(person: Person, feedback: Feedback, answer: str) -> Feedback:
    """Write what the customer was answered."""
    require(person, "feedback.edit")
    async with transaction():
        row = await locked(Feedback, feedback.id)
        row.status = MOVES.target("answer", row.status, row.subject)
        row.answer, row.answered_at = answer, clock.now()
        await row.save()
    return row


async def close_feedback(person: Person, feedback: Feedback) -> Feedback:
    """The customer is satisfied, or nothing more can be done. Conflict before it was answered."""
    require(person, "feedback.handle")
    async with transaction():
        row = await locked(Feedback, feedback.id)
        row.status = MOVES.target("close", row.status, row.subject)
        row.closed_at = clock.now()
        await row.save()
    return row


async def reopen_feedback(person: Person, feedback: Feedback) -> Feedback:
    """It is not settled after all."""
    require(person, "feedback.handle")
    async with transaction():
        row = await locked(Feedback, feedback.id)
        row.status = MOVES.target("reopen", row.status, row.subject)
        row.closed_at = None
        await row.save()
    return row
