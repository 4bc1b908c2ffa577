"""What people do with orders: enter, change, submit, withdraw, ship, complete, cancel. Each owns its transaction."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from branch_node import fiscal
from branch_node.approvals.actions import ask, void_requests
from branch_node.approvals.subjects import subject_from
from branch_node.customers.custom import custom_value
from branch_node.customers.queries import standing_customer
from branch_node.editing import locked
from branch_node.home import home, today
from branch_node.numbers import next_number
from branch_node.orders.forms import CancelForm, OrderForm, ShipForm
from branch_node.orders.posting import take_out_of_effect, unsign_customer, void_approval
from branch_node.orders.pricing import Draft, PricedLine, draft_of, plan_of
from branch_node.orders.queries import lines_of, order_for, steps_of
from branch_node.orders.rules import IN_EFFECT, ORDER, check_plan
from branch_node.orders.shares import follow_order, read_shares, write_shares
from branch_node.orders.steps import effect_of, kinds
from branch_node.own_fields import custom_after, custom_fields
from branch_node.reaching import locked_for
from shared import clock
from shared.database import transaction
from shared.errors import Conflict, Invalid, Text
from shared.i18n import N_
from shared.permissions import Person, require
from shared.records import ApprovalRequest, Customer, Order, OrderLine


async def enter_order(person: Person, form: OrderForm) -> Order:
    """Write a new draft. Invalid with a message at each wrong box, NotFound for a customer outside the reach."""
    require(person, "order.edit")
    columns, draft = await order_columns(form, await standing_customer(person, form.customer_id))
    shares = await read_shares(form.shares)
    async with transaction():
        order = await Order.create(
            branch=home().code,
            owner_id=person.id,
            department_id=person.department_id,
            number=await next_number("order", "SO"),
            base_currency=home().currency,
            **columns,
        )
        await OrderLine.bulk_create(new_lines(order.id, order.branch, draft.lines))
        if shares:
            await write_shares(order, shares)
    return order


async def order_columns(form: OrderForm, customer: Customer) -> tuple[dict[str, Any], Draft]:
    """What the form, its prices and the customer's terms say about an order; Invalid with all faults at their boxes."""
    currency = form.currency or customer.currency
    draft = await draft_of(form, currency)
    plan = plan_of(form.parts, currency)
    check_plan(plan, draft.totals.total_minor, currency)
    terms = form.payment_terms_days
    columns = {
        "customer_id": form.customer_id,
        "happened_on": form.happened_on,
        "required_on": form.required_on,
        "currency": currency,
        "subtotal_minor": draft.totals.subtotal_minor,
        "discount_bp": form.discount,
        "discount_minor": draft.totals.discount_minor,
        "tax_bp": form.tax,
        "tax_minor": draft.totals.tax_minor,
        "total_minor": draft.totals.total_minor,
        "cost_minor": draft.cost_minor,
        "effective_discount_bp": draft.totals.effective_discount_bp,
        "payment_terms_days": customer.payment_terms_days if terms is None else terms,
        "instalment_plan": plan,
        "ship_to": form.ship_to or customer.ship_to,
        "customer_reference": form.customer_reference,
        "notes": form.notes,
        "custom": await read_custom(form.custom),
    }
    return columns, draft


async def read_custom(typed: Mapping[str, str]) -> dict[str, Any]:
    """The values of the branch's own order fields. Invalid where one cannot be read or a required one is empty."""
    values: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for definition in await custom_fields("order"):
        try:
            value = custom_value(definition, typed.get(definition.key, ""))
        except Invalid as refused:
            faults[f"custom_{definition.key}"] = Text(refused.message, **refused.params)
        else:
            if value is not None:
                values[definition.key] = value
    if faults:
        raise Invalid(fields=faults)
    return values


async def write_lines(order_id: UUID, branch: str, lines: Sequence[PricedLine]) -> None:
    """Make these the lines of an order: changed ones in place, further ones new, surplus ones deleted softly."""
    rows = await lines_of(order_id)
    wanted = [line_columns(line, position) for position, line in enumerate(lines, 1)]
    for row, columns in zip(rows, wanted, strict=False):
        if any(getattr(row, name) != value for name, value in columns.items()):
            row.update_from_dict(columns)
            await row.save()
    if len(lines) > len(rows):
        await OrderLine.bulk_create(new_lines(order_id, branch, lines)[len(rows) :])
    for row in rows[len(lines) :]:
        row.deleted_at = clock.now()
        await row.save()


def line_columns(line: PricedLine, position: int) -> dict[str, Any]:
    return {**line.columns, "cost_minor": line.cost_minor, "position": position}


def new_lines(order_id: UUID, branch: str, lines: Sequence[PricedLine]) -> list[OrderLine]:
    """The lines as rows that are not written yet."""
    return [
        OrderLine(branch=branch, order_id=order_id, **line_columns(line, position))
        for position, line in enumerate(lines, 1)
    ]


async def change_order(person: Person, order_id: UUID, form: OrderForm) -> Order:
    """Change a draft, a refused or an approved order; changing an approved one voids its approval.

    Raises ChangedMeanwhile when the form was made from another revision, Conflict when the state forbids it or an
    approved order has money or goods on it already.
    """
    await order_for(person, order_id, "order.edit")
    columns, draft = await order_columns(form, await standing_customer(person, form.customer_id))
    shares = await read_shares(form.shares)
    async with transaction():
        order = await locked(Order, order_id, form.revision)
        status = ORDER.target("edit", order.status, order.number)
        was_approved = order.status in IN_EFFECT
        earlier_customer = order.customer_id
        if was_approved:
            await void_approval(order)
        columns["custom"] = custom_after(order.custom, columns["custom"], await custom_fields("order"))
        order.update_from_dict({**columns, "status": status, "submitted_at": None, "submitted_by": None})
        await order.save()
        await write_lines(order.id, order.branch, draft.lines)
        await write_shares(order, shares)
        await void_requests("order", order.id, ("waiting", "approved"))
        if was_approved:
            await unsign_customer(earlier_customer)
    return order


async def submit_order(person: Person, order_id: UUID, revision: int | None = None) -> ApprovalRequest:
    """Put an order before its approvers. Conflict for an order without lines or whose instalments do not add up."""
    async with transaction():
        order = await locked_for(Order, person, order_id, "order.submit", revision)
        order.status = ORDER.target("submit", order.status, order.number)
        order.submitted_at, order.submitted_by = clock.now(), person.id
        subject = await subject_from("order", order, person.id, lock=True)
        if not subject.lines:
            raise Conflict(
                N_("Order %(number)s has no lines yet. Enter what is sold, then submit it."),
                code="order.empty",
                number=order.number,
            )
        check_plan(order.instalment_plan, order.total_minor, order.currency)
        await order.save(update_fields=["status", "submitted_at", "submitted_by"])
        return await ask(subject, person.id)


async def withdraw_order(person: Person, order_id: UUID) -> Order:
    """Take a submitted order back to draft."""
    async with transaction():
        order = await locked_for(Order, person, order_id, "order.submit")
        order.status = ORDER.target("withdraw", order.status, order.number)
        await order.save()
        await void_requests("order", order.id)
    return order


async def ship_order(person: Person, order_id: UUID, form: ShipForm) -> Order:
    """Record that the goods left; the steps that ship are done. Invalid for a future day or one before approval."""
    async with transaction():
        order = await locked_for(Order, person, order_id, "order.ship")
        status = ORDER.target("ship", order.status, order.number)
        _check_ship_day(order, form)
        if order.shipped_on is not None:
            raise Conflict(
                N_("Order %(number)s was shipped on %(day)s already."),
                code="order.shipped",
                number=order.number,
                day=order.shipped_on,
            )
        order.status, order.shipped_on = status, form.shipped_on
        await order.save()
        await follow_order(order)
        known = await kinds()
        for step in await steps_of(order.id):
            if effect_of(step.kind, known) == "ship" and step.status not in ("done", "skipped"):
                step.status, step.done_on, step.done_by = "done", form.shipped_on, person.id
                step.proof = form.proof or step.proof
                await step.save()
    return order


def _check_ship_day(order: Order, form: ShipForm) -> None:
    if form.shipped_on > today():
        raise Invalid(
            fields={"shipped_on": N_("Goods cannot have left after today. Enter the day they left.")}
        )
    if order.approved_on is not None and form.shipped_on < order.approved_on:
        message = N_("The order was approved on %(day)s. Goods leave on that day or later.")
        raise Invalid(fields={"shipped_on": Text(message, day=order.approved_on)})


async def complete_order(person: Person, order_id: UUID) -> Order:
    """Close an order whose steps are all done or skipped; Conflict, naming the open ones, otherwise."""
    async with transaction():
        order = await locked_for(Order, person, order_id, "order.edit")
        status = ORDER.target("complete", order.status, order.number)
        known = await kinds()
        left = [step for step in await steps_of(order.id) if step.status not in ("done", "skipped")]
        if left:
            names = [
                step.title or (known[step.kind].shown if step.kind in known else step.kind) for step in left
            ]
            raise Conflict(
                N_("Order %(number)s has open steps: %(steps)s. Finish or skip them first."),
                code="order.open_steps",
                number=order.number,
                steps=", ".join(names[:4]),
            )
        order.status, order.completed_on = status, today()
        await order.save()
    return order


async def cancel_order(person: Person, order_id: UUID, form: CancelForm) -> tuple[Order, int]:
    """Cancel an order; the minor units that went back to the customer's credit.

    Receivables, allocations, credit notes and open steps are taken out of effect in the same transaction; all
    rows stay. Conflict for a completed order or a closed period.
    """
    async with transaction():
        order = await locked_for(Order, person, order_id, "order.cancel")
        status = ORDER.target("cancel", order.status, order.number)
        day = max(today(), order.approved_on or today())
        await _require_cancellable(order, day)
        released = await take_out_of_effect(order, day, form.reason) if order.approved_on else 0
        order.status, order.cancelled_on, order.cancel_reason = status, day, form.reason
        await order.save()
        await follow_order(order)
        await void_requests("order", order.id)
    return order, released


async def _require_cancellable(order: Order, day: date) -> None:
    if order.shipped_on is not None:
        raise Conflict(
            N_(
                "Order %(number)s was shipped on %(day)s and cannot be cancelled. Record a credit note on its "
                "instalments when goods come back."
            ),
            code="order.shipped",
            number=order.number,
            day=order.shipped_on,
        )
    if order.approved_on is not None:
        await fiscal.require_open(day)
