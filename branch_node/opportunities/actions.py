"""What is done with opportunities: enter, change, move between stages, win, lose, reopen. Each owns its transaction."""

from datetime import date
from uuid import UUID

from branch_node.amounts import amount_in
from branch_node.editing import locked
from branch_node.home import home, today
from branch_node.opportunities.forms import LostForm, OpportunityForm
from branch_node.opportunities.rules import MOVES, OPEN_STAGES, STAGES, probability_in
from branch_node.plans.rules import order_of
from branch_node.rates import rate_to_base, to_base
from shared.database import fetch_all, transaction
from shared.errors import Conflict, Invalid, NotAllowed
from shared.i18n import N_
from shared.money import CURRENCIES
from shared.permissions import Person, reach, require
from shared.records import Customer, Employee, Opportunity
from shared.vocabulary import LOST_REASONS

COLUMN_LIMIT = 500


async def enter(person: Person, customer: Customer, form: OpportunityForm) -> Opportunity:
    """Write a new one, at the end of its column. The caller has fetched the customer within reach."""
    require(person, "opportunity.edit")
    async with transaction():
        owner = await _owner(person, form.owner_id)
        row = Opportunity(
            branch=home().code,
            customer_id=customer.id,
            owner_id=owner.id,
            department_id=owner.department_id,
            happened_on=today(),
            stage=form.stage,
            position=await _last_position(form.stage) + 1,
        )
        await _fill(row, form)
        await row.save()
    return row


async def change(
    person: Person, opportunity: Opportunity, customer: Customer, form: OpportunityForm
) -> Opportunity:
    """Change it. ChangedMeanwhile when somebody saved since; a won or lost one must be reopened first."""
    require(person, "opportunity.edit")
    async with transaction():
        row = await locked(Opportunity, opportunity.id, form.revision)
        if row.stage not in OPEN_STAGES:
            MOVES.target(form.stage, row.stage, row.title)
        if form.owner_id is not None and form.owner_id != row.owner_id:
            owner = await _owner(person, form.owner_id)
            row.owner_id, row.department_id = owner.id, owner.department_id
        row.customer_id = customer.id
        if form.stage != row.stage:
            row.position = await _last_position(form.stage) + 1
            row.stage = form.stage
        await _fill(row, form)
        await row.save()
    return row


async def _owner(person: Person, owner_id: UUID | None) -> Employee:
    wanted = owner_id or person.id
    owner = await Employee.get_or_none(id=wanted, branch=home().code, deleted_at=None)
    if owner is None or not owner.active:
        raise Invalid(fields={"owner_id": N_("Choose somebody who works here.")})
    if wanted != person.id and not reach(person, "opportunity.edit").covers(
        owner=owner.id, department=owner.department_id
    ):
        raise NotAllowed(N_("%(name)s is outside your reach."), name=owner.name)
    return owner


async def _fill(row: Opportunity, form: OpportunityForm) -> None:
    currency = (form.currency or home().currency).upper()
    if currency not in CURRENCIES:
        raise Invalid(fields={"currency": N_("Enter a currency code such as CNY or USD.")})
    row.currency = currency
    row.amount_minor = amount_in(form.amount, currency, least=0)
    row.base_minor = to_base(row.amount_minor, currency, await rate_to_base(currency, today()))
    row.title, row.competitor, row.notes = form.title, form.competitor, form.notes
    row.expected_on = form.expected_on
    asked = form.probability_percent
    row.probability_percent = STAGES[row.stage][1] if asked is None else asked


async def move(
    person: Person, opportunity: Opportunity, stage: str, before: UUID | None = None
) -> Opportunity:
    """Into an open stage, put before another one of it (None: last). A second call changes nothing.

    Conflict for a won or lost one: it is reopened first.
    """
    require(person, "opportunity.edit")
    async with transaction():
        row = await locked(Opportunity, opportunity.id)
        target = MOVES.target(stage, row.stage, row.title)
        row.probability_percent = probability_in(target, row.stage, row.probability_percent)
        row.stage = target
        await row.save()
        ids = [one for one in await _column(target) if one != row.id]
        await _write_order(order_of(ids, row.id, before))
    return await Opportunity.get(id=row.id)


async def step(person: Person, opportunity: Opportunity, direction: str) -> None:
    """One place up or down in its column."""
    require(person, "opportunity.edit")
    async with transaction():
        row = await locked(Opportunity, opportunity.id)
        ids = await _column(row.stage)
        place = ids.index(row.id)
        target = max(0, place - 1) if direction == "up" else place + 2
        await _write_order(order_of(ids, row.id, ids[target] if target < len(ids) else None))


async def _column(stage: str) -> list[UUID]:
    rows = (
        await Opportunity.filter(branch=home().code, stage=stage, deleted_at=None)
        .order_by("position", "id")
        .limit(COLUMN_LIMIT)
        .values_list("id", flat=True)
    )
    return list(rows)


async def _write_order(ids: list[UUID]) -> None:
    rows = {row.id: row for row in await Opportunity.filter(id__in=ids)}
    for position, row_id in enumerate(ids, start=1):
        row = rows[row_id]
        if row.position != position:
            row.position = position
            await row.save(update_fields=["position"])


async def _last_position(stage: str) -> int:
    rows = await fetch_all(
        "SELECT max(position) AS last FROM opportunity WHERE branch = :branch AND stage = :stage AND deleted_at IS NULL",
        branch=home().code,
        stage=stage,
    )
    return int(rows[0]["last"] or 0)


async def win(person: Person, opportunity: Opportunity) -> Opportunity:
    """The customer bought. A second call changes nothing."""
    require(person, "opportunity.edit")
    return await _close(opportunity.id, "won", today())


async def lose(person: Person, opportunity: Opportunity, form: LostForm) -> Opportunity:
    """The customer did not buy; with the reason. Invalid when a competitor was chosen and none is named."""
    require(person, "opportunity.edit")
    if form.reason not in LOST_REASONS:
        raise Invalid(fields={"reason": N_("Choose one from the list.")})
    if form.reason == "competitor" and not (form.competitor or opportunity.competitor):
        raise Invalid(fields={"competitor": N_("Name the competitor who was chosen.")})
    async with transaction():
        row = await _close(opportunity.id, "lost", today())
        row.lost_reason = form.reason
        row.competitor = form.competitor or row.competitor
        row.notes = "\n".join(text for text in (row.notes, form.notes) if text)
        await row.save()
    return row


async def _close(opportunity_id: UUID, stage: str, day: date) -> Opportunity:
    async with transaction():
        row = await locked(Opportunity, opportunity_id)
        if row.stage == stage:
            return row
        row.stage = MOVES.target(stage, row.stage, row.title)
        row.probability_percent, row.closed_on = STAGES[stage][1], day
        await row.save()
    return row


async def reopen(person: Person, opportunity: Opportunity) -> Opportunity:
    """Not decided after all: back among the open ones, in negotiation."""
    require(person, "opportunity.edit")
    async with transaction():
        row = await locked(Opportunity, opportunity.id)
        row.stage = MOVES.target("reopen", row.stage, row.title)
        row.probability_percent, row.closed_on, row.lost_reason = STAGES[row.stage][1], None, ""
        row.position = await _last_position(row.stage) + 1
        await row.save()
    return row


async def won_by_order(opportunity_id: UUID | None, day: date) -> None:
    """An order came of it: inside the caller's transaction an open opportunity is won. None, and one that is decided
    already, change nothing."""
    if opportunity_id is None:
        return
    row = (
        await Opportunity.filter(id=opportunity_id, stage__in=OPEN_STAGES, deleted_at=None)
        .select_for_update()
        .first()
    )
    if row is not None:
        row.stage, row.probability_percent, row.closed_on = "won", STAGES["won"][1], day
        await row.save()


async def take_back(person: Person, opportunity: Opportunity) -> None:
    """Entered by mistake; the row stays, marked as deleted. Conflict when a quote belongs to it."""
    from shared import clock
    from shared.records import Quotation

    require(person, "opportunity.edit")
    async with transaction():
        row = await locked(Opportunity, opportunity.id)
        if await Quotation.filter(opportunity_id=row.id, deleted_at=None).exists():
            raise Conflict(N_('"%(name)s" has a quote. Mark it as lost instead.'), name=row.title)
        row.deleted_at = clock.now()
        await row.save()
