"""What is done with feedback: enter, assign, answer, close, reopen. Each owns its transaction."""

from uuid import UUID

from branch_node.editing import locked
from branch_node.feedback.forms import FeedbackForm
from branch_node.feedback.rules import MOVES
from branch_node.home import home, today
from branch_node.notifications.actions import tell
from shared import clock
from shared.database import transaction
from shared.errors import Invalid, NotFound
from shared.i18n import N_
from shared.permissions import Person, require
from shared.records import Customer, Employee, Feedback

ASSIGNED = N_("%(name)s gave you feedback to take care of: %(subject)s.")
ANSWERED = N_("%(name)s answered the feedback: %(subject)s.")
CLOSED = N_("%(name)s closed the feedback: %(subject)s.")
REOPENED = N_("%(name)s reopened the feedback: %(subject)s.")


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
        await _tell(person, row, "work", ASSIGNED, {row.assigned_to})
    return row


async def answer_feedback(person: Person, feedback: Feedback, answer: str) -> Feedback:
    """Write what the customer was answered."""
    require(person, "feedback.edit")
    async with transaction():
        row = await locked(Feedback, feedback.id)
        row.status = MOVES.target("answer", row.status, row.subject)
        row.answer, row.answered_at = answer, clock.now()
        await row.save()
        await _tell(person, row, "answer", ANSWERED, {row.owner_id, row.assigned_to})
    return row


async def close_feedback(person: Person, feedback: Feedback) -> Feedback:
    """The customer is satisfied, or nothing more can be done. Conflict before it was answered."""
    require(person, "feedback.handle")
    async with transaction():
        row = await locked(Feedback, feedback.id)
        row.status = MOVES.target("close", row.status, row.subject)
        row.closed_at = clock.now()
        await row.save()
        await _tell(person, row, "answer", CLOSED, {row.owner_id})
    return row


async def reopen_feedback(person: Person, feedback: Feedback) -> Feedback:
    """It is not settled after all."""
    require(person, "feedback.handle")
    async with transaction():
        row = await locked(Feedback, feedback.id)
        row.status = MOVES.target("reopen", row.status, row.subject)
        row.closed_at = None
        await row.save()
        await _tell(person, row, "work", REOPENED, {row.assigned_to})
    return row


async def _tell(person: Person, row: Feedback, kind: str, text: str, whom: set[UUID | None]) -> None:
    """Tell these people, save the one who did it; once per revision."""
    occasion, url = f"feedback:{row.id}:{row.revision}", f"/feedback/{row.id}"
    await tell(whom - {person.id}, kind, text, url, occasion, name=person.name, subject=row.subject)
