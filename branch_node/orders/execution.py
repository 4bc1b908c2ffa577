"""Actions on the steps of an order's execution plan: add, finish, skip, open again, move up and down."""

from uuid import UUID

from branch_node.editing import locked
from branch_node.home import today
from branch_node.orders.forms import StepDoneForm, StepForm
from branch_node.orders.queries import order_for, steps_of
from branch_node.orders.rules import IN_EFFECT, ORDER
from branch_node.orders.steps import effect_of, kinds
from shared.database import transaction
from shared.errors import Conflict, Invalid, NotFound
from shared.i18n import N_
from shared.permissions import Person
from shared.records import ExecutionStep, Order


async def add_step(person: Person, order_id: UUID, form: StepForm) -> ExecutionStep:
    """Add a step at the end of the plan of an order in effect. Invalid for an unknown kind."""
    await order_for(person, order_id, "order.edit")
    known = await kinds()
    if form.kind not in known or known[form.kind].effect == "collect":
        raise Invalid(fields={"kind": N_("Choose one from the list.")})
    async with transaction():
        order = await _order_in_effect(order_id)
        rows = await steps_of(order.id)
        return await ExecutionStep.create(
            branch=order.branch,
            order_id=order.id,
            position=max((row.position for row in rows), default=0) + 1,
            kind=form.kind,
            title=form.title,
            due_on=form.due_on,
            owner_id=form.owner_id or order.owner_id,
        )


async def set_step(person: Person, order_id: UUID, step_id: UUID, form: StepDoneForm) -> ExecutionStep:
    """Finish, skip or open a step again; the first finished one starts the order.

    Conflict for steps that follow from facts: payments settle a collection, a shipment is recorded on its own.
    """
    await order_for(person, order_id, "order.edit")
    day = form.done_on or today()
    if day > today():
        raise Invalid(fields={"done_on": N_("A step cannot be done after today. Enter the day it was done.")})
    async with transaction():
        order = await _order_in_effect(order_id)
        step = await _step(order.id, step_id)
        await _refuse_facts(order, step, form.outcome)
        is_closed = form.outcome != "pending"
        step.status = form.outcome
        step.done_on, step.done_by = (day, person.id) if is_closed else (None, None)
        step.proof = form.proof if is_closed else ""
        await step.save()
        if form.outcome == "done" and order.status == "approved":
            order.status = ORDER.target("start", order.status, order.number)
            await order.save()
    return step


async def _refuse_facts(order: Order, step: ExecutionStep, outcome: str) -> None:
    effect = effect_of(step.kind, await kinds())
    if effect == "collect" and step.receivable_id is not None and outcome != "skipped":
        raise Conflict(
            N_("This step is done when the instalment is paid. Record the receipt instead."), code="step.fact"
        )
    if effect == "ship" and outcome == "done" and order.shipped_on is None:
        raise Conflict(N_("Record the shipment of the order; this step is done with it."), code="step.fact")


async def move_step(person: Person, order_id: UUID, step_id: UUID, to: str) -> None:
    """One place up or down; at the end of the plan nothing happens."""
    await order_for(person, order_id, "order.edit")
    async with transaction():
        order = await _order_in_effect(order_id)
        rows = await steps_of(order.id)
        place = next((number for number, row in enumerate(rows) if row.id == step_id), None)
        if place is None:
            raise NotFound()
        other = place + (1 if to == "down" else -1)
        if 0 <= other < len(rows):
            rows[place], rows[other] = rows[other], rows[place]
        for position, row in enumerate(rows, 1):
            if row.position != position:
                row.position = position
                await row.save()


async def _order_in_effect(order_id: UUID) -> Order:
    order = await locked(Order, order_id)
    if order.status not in IN_EFFECT or order.status == "completed":
        ORDER.target("start", order.status, order.number)
    return order


async def _step(order_id: UUID, step_id: UUID) -> ExecutionStep:
    step = await ExecutionStep.filter(id=step_id, order_id=order_id, deleted_at=None).first()
    if step is None:
        raise NotFound()
    return step
