"""What people do with quotes: enter, change, send, begin a further round, record the answer; an accepted quote
becomes exactly one order."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from branch_node.approvals.actions import ask, has_approval, void_requests
from branch_node.approvals.queries import approvers_for
from branch_node.approvals.rules import above_texts, covering, names_of, needed_limit
from branch_node.approvals.subjects import subject_from
from branch_node.customers.queries import standing_customer
from branch_node.editing import locked
from branch_node.home import home, today
from branch_node.numbers import next_number
from branch_node.opportunities.actions import won_by_order
from branch_node.opportunities.queries import opportunity_of
from branch_node.orders.pricing import Draft, PricedLine, draft_of
from branch_node.orders.rules import line_amount
from branch_node.products.queries import priced_products
from branch_node.quotations.forms import QuotationForm
from branch_node.quotations.queries import lines_of, quotation_for
from branch_node.quotations.rules import QUOTATION, require_valid
from shared import clock
from shared.database import execute, transaction
from shared.errors import Conflict, Invalid
from shared.i18n import N_
from shared.permissions import Person, require
from shared.records import ApprovalRequest, Customer, Order, OrderLine, Quotation, QuotationLine


async def enter_quotation(person: Person, form: QuotationForm) -> Quotation:
    """Write a new draft, of an opportunity when the form names one. Invalid with a message at each wrong box."""
    require(person, "quotation.edit")
    columns, draft = await _columns(form, await standing_customer(person, form.customer_id))
    opportunity_id = await opportunity_of(person, form.opportunity_id, form.customer_id)
    async with transaction():
        row = await Quotation.create(
            branch=home().code,
            owner_id=person.id,
            department_id=person.department_id,
            number=await next_number("quotation", "Q"),
            opportunity_id=opportunity_id,
            **columns,
        )
        await _write_lines(row, draft.lines)
    return row


async def _columns(form: QuotationForm, customer: Customer) -> tuple[dict[str, Any], Draft]:
    currency = form.currency or customer.currency
    draft = await draft_of(form, currency)
    if form.valid_until_on is not None and form.valid_until_on < form.happened_on:
        raise Invalid(
            fields={"valid_until_on": N_("The last day lies before the first. Choose a later one.")}
        )
    columns = {
        "customer_id": form.customer_id,
        "happened_on": form.happened_on,
        "valid_until_on": form.valid_until_on,
        "currency": currency,
        "subtotal_minor": draft.totals.subtotal_minor,
        "discount_bp": form.discount,
        "discount_minor": draft.totals.discount_minor,
        "tax_bp": form.tax,
        "tax_minor": draft.totals.tax_minor,
        "total_minor": draft.totals.total_minor,
        "effective_discount_bp": draft.totals.effective_discount_bp,
        "terms": form.terms,
    }
    return columns, draft


async def _write_lines(quotation: Quotation, lines: Sequence[PricedLine]) -> None:
    rows = await lines_of(quotation.id)
    for position, line in enumerate(lines, 1):
        columns = {**line.columns, "position": position}
        if position <= len(rows):
            row = rows[position - 1]
            if any(getattr(row, name) != value for name, value in columns.items()):
                row.update_from_dict(columns)
                await row.save()
        else:
            await QuotationLine.create(branch=quotation.branch, quotation_id=quotation.id, **columns)
    for row in rows[len(lines) :]:
        row.deleted_at = clock.now()
        await row.save()


async def change_quotation(person: Person, quotation_id: UUID, form: QuotationForm) -> Quotation:
    """Change a draft; what was approved of it is void. Conflict for a quote that was sent."""
    await quotation_for(person, quotation_id, "quotation.edit")
    columns, draft = await _columns(form, await standing_customer(person, form.customer_id))
    async with transaction():
        row = await locked(Quotation, quotation_id, form.revision)
        row.update_from_dict({**columns, "status": QUOTATION.target("edit", row.status, row.number)})
        await row.save()
        await _write_lines(row, draft.lines)
        await void_requests("quotation", row.id, ("waiting", "approved"))
    return row


async def submit_quotation(person: Person, quotation_id: UUID) -> ApprovalRequest:
    """Ask for approval of a draft's discount. Conflict when nothing about it needs one."""
    await quotation_for(person, quotation_id, "quotation.edit")
    async with transaction():
        row = await locked(Quotation, quotation_id)
        QUOTATION.target("edit", row.status, row.number)
        subject = await subject_from("quotation", row, person.id)
        if not subject.reasons:
            raise Conflict(
                N_("Quote %(number)s is within your own limit. Send it to the customer."),
                code="approval.needless",
                number=row.number,
            )
        return await ask(subject, person.id)


async def send_quotation(person: Person, quotation_id: UUID) -> Quotation:
    """Record that the quote went to the customer.

    Conflict for one without lines, past its last day, or with a discount above the sender's limit that nobody
    approved as it is now.
    """
    await quotation_for(person, quotation_id, "quotation.edit")
    async with transaction():
        row = await locked(Quotation, quotation_id)
        status = QUOTATION.target("send", row.status, row.number)
        require_valid(row.number, row.valid_until_on, today())
        subject = await subject_from("quotation", row, person.id)
        if not subject.lines:
            raise Conflict(
                N_("Quote %(number)s has no lines yet. Enter what is offered, then send it."),
                code="quotation.empty",
                number=row.number,
            )
        needed = needed_limit(subject.reasons)
        if needed and not await has_approval(subject):
            approvers = await approvers_for("order.approve", row.owner_id, row.department_id)
            discount, limit = above_texts(needed, subject.author_limit_bp)
            raise Conflict(
                N_(
                    "Effective discount %(discount)s is above your limit of %(limit)s. Submit it to %(names)s for "
                    "approval first."
                ),
                code="discount.above_limit",
                discount=discount,
                limit=limit,
                names=names_of(covering(approvers, subject.authors, needed)) or "—",
            )
        row.status, row.sent_at = status, clock.now()
        await row.save()
    return row


async def begin_round(person: Person, quotation_id: UUID) -> Quotation:
    """Replace a quote by a draft of the next round with the same lines. Conflict when it was replaced already."""
    await quotation_for(person, quotation_id, "quotation.edit")
    async with transaction():
        earlier = await locked(Quotation, quotation_id)
        earlier.status = QUOTATION.target("revise", earlier.status, earlier.number)
        earlier.decided_at = earlier.decided_at or clock.now()
        await earlier.save()
        row = await Quotation.create(
            branch=earlier.branch,
            number=earlier.number,
            round=earlier.round + 1,
            previous_id=earlier.id,
            customer_id=earlier.customer_id,
            opportunity_id=earlier.opportunity_id,
            owner_id=earlier.owner_id,
            department_id=earlier.department_id,
            happened_on=today(),
            valid_until_on=None,
            **{name: getattr(earlier, name) for name in COPIED},
            terms=earlier.terms,
        )
        for line in await lines_of(earlier.id):
            await QuotationLine.create(
                branch=row.branch, quotation_id=row.id, position=line.position, **_copy_of(line)
            )
    return row


COPIED = (
    "currency", "subtotal_minor", "discount_bp", "discount_minor", "tax_bp", "tax_minor", "total_minor",
    "effective_discount_bp",
)  # fmt: skip
COPIED_LINE = (
    "product_id", "product_code", "text", "quantity_milli", "list_price_minor", "price_minor", "amount_minor",
)  # fmt: skip


def _copy_of(line: QuotationLine) -> dict[str, Any]:
    return {name: getattr(line, name) for name in COPIED_LINE}


async def reject_quotation(person: Person, quotation_id: UUID) -> Quotation:
    """Record that the customer declined."""
    await quotation_for(person, quotation_id, "quotation.edit")
    async with transaction():
        row = await locked(Quotation, quotation_id)
        row.status = QUOTATION.target("reject", row.status, row.number)
        row.decided_at = clock.now()
        await row.save()
    return row


async def accept_quotation(person: Person, quotation_id: UUID) -> Order:
    """Record that the customer accepted, and make the order, a draft.

    A quote that was accepted already answers with the order it has: twice at the same time or twice in a row
    yields one order (the second waits for the lock). Conflict when it expired or was replaced.
    """
    require(person, "order.edit")
    await quotation_for(person, quotation_id, "quotation.edit")
    async with transaction():
        row = await locked(Quotation, quotation_id)
        if row.status == "accepted" and row.order_id is not None:
            return await Order.get(id=row.order_id)
        status = QUOTATION.target("accept", row.status, row.number)
        require_valid(row.number, row.valid_until_on, today())
        order = await _order_of(row)
        row.status, row.decided_at, row.order_id = status, clock.now(), order.id
        await row.save()
        await won_by_order(row.opportunity_id, today())
    return order


async def _order_of(row: Quotation) -> Order:
    customer = await Customer.get(id=row.customer_id)
    lines = await lines_of(row.id)
    products = await priced_products(
        {line.product_id for line in lines if line.product_id}, (), row.currency, today()
    )
    costs = [products[line.product_id].cost_minor if line.product_id in products else 0 for line in lines]
    order = await Order.create(
        branch=row.branch,
        number=await next_number("order", "SO"),
        customer_id=row.customer_id,
        quotation_id=row.id,
        opportunity_id=row.opportunity_id,
        owner_id=row.owner_id,
        department_id=row.department_id,
        happened_on=today(),
        base_currency=home().currency,
        payment_terms_days=customer.payment_terms_days,
        ship_to=customer.ship_to,
        notes=row.terms,
        cost_minor=sum(
            line_amount(cost, line.quantity_milli) for cost, line in zip(costs, lines, strict=True)
        ),
        **{name: getattr(row, name) for name in COPIED},
    )
    for cost, line in zip(costs, lines, strict=True):
        await OrderLine.create(
            branch=row.branch, order_id=order.id, position=line.position, cost_minor=cost, **_copy_of(line)
        )
    return order


async def expire_quotations() -> int:
    """Sent quotes whose last day has passed are expired; how many. May run any number of times."""
    async with transaction():
        late = await Quotation.filter(
            branch=home().code, status="sent", valid_until_on__lt=today(), deleted_at=None
        ).values_list("id", flat=True)
        if late:
            await execute(
                "UPDATE quotation SET status = 'expired', decided_at = :now, changed_at = :now, "
                "revision = revision + 1 WHERE id IN :ids AND status = 'sent'",
                now=clock.now(),
                ids=list(late),
            )
    return len(late)
