"""Pages of one opportunity: entry, what it is, its moves."""

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from branch_node.customers.queries import customer_for, customer_names, standing_customer
from branch_node.editing import ChangedMeanwhile
from branch_node.home import home, today
from branch_node.opportunities import actions, queries
from branch_node.opportunities.forms import LostForm, MoveForm, OpportunityForm, OrderForm
from branch_node.opportunities.pages import FormPage, LostPage, ShowPage
from branch_node.opportunities.rules import OPEN_STAGES, STAGES, is_overdue, weighted_minor
from branch_node.requests import id_in, path_id, query_id
from branch_node.staff.queries import names_of
from branch_node.undoing.actions import undo_url
from shared.errors import Conflict, Invalid, NotFound
from shared.i18n import gettext as _
from shared.money import Money, format_amount
from shared.permissions import Person, Scope, reach
from shared.records import Opportunity
from shared.vocabulary import LOST_REASONS
from shared.web.forms import Form, empty_form, read_form, with_errors
from shared.web.parts import Action, Option, Step
from shared.web.responses import page, redirect

EDIT = "opportunity.edit"
TYPED = (
    "customer_id",
    "title",
    "stage",
    "currency",
    "probability_percent",
    "expected_on",
    "competitor",
    "notes",
)


def stage_options(codes: tuple[str, ...] = OPEN_STAGES) -> list[Option]:
    return [Option(code, _(STAGES[code][0])) for code in codes]


def reason_options() -> list[Option]:
    return [Option(code, _(label)) for code, label in LOST_REASONS.items()]


def form_labels() -> dict[str, str]:
    return {
        "customer_id": _("Customer"), "title": _("What it is about"), "amount": _("Amount"), "currency": _("Currency"),
        "expected_on": _("Expected close"), "stage": _("Stage"), "probability_percent": _("Probability"),
        "competitor": _("Competitor"), "owner_id": _("Owner"), "notes": _("Notes"),
    }  # fmt: skip


# --- entry ----------------------------------------------------------------------------------------------------------


async def new(request: Request) -> Response:
    """An empty form; ?customer= fills in whose it is."""
    customer_id = query_id(request, "customer")
    form = empty_form(customer_id=customer_id, stage="qualify", currency=home().currency)
    return page(request, "opportunities/form.html", await form_page(request.state.person, form, None))


async def form_page(person: Person, form: Form[Any], row: Opportunity | None) -> FormPage:
    customer = ""
    try:
        customer = (await customer_for(person, UUID(form.text("customer_id")))).name
    except (ValueError, NotFound):
        customer = form.text("customer_id_text")
    scope = person.scope(EDIT)
    owner = ""
    if (owner_id := id_in(form.text("owner_id"))) is not None:
        owner = (await names_of([owner_id])).get(owner_id, "")
    return FormPage(
        form, row, customer, owner, stage_options(), form_labels(), scope is not None and scope > Scope.OWN
    )


async def add(request: Request) -> Response:
    person: Person = request.state.person
    form = await read_form(request, OpportunityForm, currency=home().currency)
    if not form.errors:
        customer = await standing_customer(person, form.value.customer_id)
        try:
            row = await actions.enter(person, customer, form.value)
        except (Invalid, Conflict) as refused:
            form = with_errors(form, refused)
        else:
            return redirect(f"/opportunities/{row.id}", toast=_("%(name)s saved.", name=row.title))
    return page(request, "opportunities/form.html", await form_page(person, form, None), status=422)


async def edit(request: Request) -> Response:
    person: Person = request.state.person
    row = await queries.opportunity_for(person, path_id(request), EDIT)
    return page(request, "opportunities/form.html", await form_page(person, form_of(row), row))


def form_of(row: Opportunity) -> Form[OpportunityForm]:
    """The form as the record stands."""
    values = {name: getattr(row, name) for name in TYPED}
    amount = format_amount(row.amount_minor, row.currency)
    return empty_form(**values, amount=amount, owner_id=row.owner_id, revision=row.revision)


async def change(request: Request) -> Response:
    """Save; when somebody else saved meanwhile, say so and keep what was typed."""
    person: Person = request.state.person
    row = await queries.opportunity_for(person, path_id(request), EDIT)
    form = await read_form(request, OpportunityForm, currency=home().currency)
    status = 422
    if not form.errors:
        customer = await standing_customer(person, form.value.customer_id)
        try:
            await actions.change(person, row, customer, form.value)
        except Invalid as refused:
            form = with_errors(form, refused)
        except ChangedMeanwhile as conflict:
            typed = {**form.typed, "revision": str(conflict.current.revision)}
            form, status = (
                Form(typed, {"": _("Somebody else changed it meanwhile. Save again to keep yours.")}),
                409,
            )
        else:
            return redirect(f"/opportunities/{row.id}", toast=_("%(name)s saved.", name=form.value.title))
    return page(request, "opportunities/form.html", await form_page(person, form, row), status=status)


# --- one opportunity ------------------------------------------------------------------------------------------------


async def show(request: Request) -> Response:
    person: Person = request.state.person
    row = await queries.opportunity_for(person, path_id(request))
    return page(request, "opportunities/show.html", await show_page(person, row))


async def show_page(person: Person, row: Opportunity) -> ShowPage:
    customers = await customer_names([row.customer_id])
    people = await names_of([row.owner_id])
    may_edit = may_touch(person, row)
    is_open = row.stage in OPEN_STAGES
    return ShowPage(
        row=row,
        shown=queries.OpportunityRow(
            id=row.id, title=row.title, customer_id=row.customer_id, customer=customers.get(row.customer_id, ""),
            owner=people.get(row.owner_id, ""), stage=row.stage, probability_percent=row.probability_percent,
            amount=Money(row.amount_minor, row.currency), base=Money(row.base_minor, home().currency),
            weighted=Money(weighted_minor(row.base_minor, row.probability_percent), home().currency),
            happened_on=row.happened_on, expected_on=row.expected_on, closed_on=row.closed_on,
            competitor=row.competitor, lost_reason=row.lost_reason,
        ),
        steps=steps_of(row.stage),
        stages=[option for option in stage_options() if option.value != row.stage],
        quotes=await queries.quotes_of(person, row),
        reason=_(LOST_REASONS[row.lost_reason]) if row.lost_reason in LOST_REASONS else row.lost_reason,
        is_open=is_open,
        is_overdue=is_overdue(row.stage, row.expected_on, today()),
        can_edit=may_edit,
        actions=page_actions(person, row) if may_edit and is_open else [],
    )  # fmt: skip


def may_touch(person: Person, row: Opportunity) -> bool:
    return person.may(EDIT) and reach(person, EDIT).covers(owner=row.owner_id, department=row.department_id)


def page_actions(person: Person, row: Opportunity) -> list[Action]:
    url = f"/opportunities/{row.id}"
    found = [Action(_("Edit"), f"{url}/edit", "pencil"), Action(_("Lost ..."), f"{url}/lost", "circle-x")]
    if person.may("quotation.edit"):
        found.append(
            Action(
                _("New quote"), f"/quotes/new?customer={row.customer_id}&opportunity={row.id}", "file-text"
            )
        )
    return [*found, Action(_("Won"), f"{url}/won", "circle-check", True, "POST")]


def steps_of(stage: str) -> list[Step]:
    """The way through the stages; a lost one ends where it is."""
    if stage == "lost":
        return [Step(_(STAGES["lost"][0]), "current")]
    order = [*OPEN_STAGES, "won"]
    at = order.index(stage)
    return [
        Step(
            _(STAGES[code][0]),
            "done" if place < at or stage == "won" else "current" if place == at else "ahead",
        )
        for place, code in enumerate(order)
    ]


# --- moves ----------------------------------------------------------------------------------------------------------


async def move(request: Request) -> Response:
    """To another stage, from the board or the page; winning needs no more, losing asks why."""
    person: Person = request.state.person
    row = await queries.opportunity_for(person, path_id(request), EDIT)
    form = await read_form(request, MoveForm)
    if form.errors:
        return redirect(f"/opportunities/{row.id}", toast=next(iter(form.errors.values())))
    stage = form.value.stage
    if stage == "lost":
        return redirect(f"/opportunities/{row.id}/lost")
    if stage == "won":
        await actions.win(person, row)
        return redirect(back_to(request, row), toast=_("%(name)s is won.", name=row.title))
    await actions.move(person, row, stage, form.value.before)
    return redirect(back_to(request, row))


def back_to(request: Request, row: Opportunity) -> str:
    """To the board when it was moved there, else to its page."""
    return "/opportunities" if request.query_params.get("from") == "board" else f"/opportunities/{row.id}"


async def order(request: Request) -> Response:
    """One place up or down on the board."""
    person: Person = request.state.person
    row = await queries.opportunity_for(person, path_id(request), EDIT)
    form = await read_form(request, OrderForm)
    if not form.errors:
        await actions.step(person, row, form.value.step)
    return redirect("/opportunities")


async def win(request: Request) -> Response:
    person: Person = request.state.person
    row = await queries.opportunity_for(person, path_id(request), EDIT)
    await actions.win(person, row)
    return redirect(f"/opportunities/{row.id}", toast=_("%(name)s is won.", name=row.title))


async def ask_lost(request: Request) -> Response:
    row = await queries.opportunity_for(request.state.person, path_id(request), EDIT)
    form = empty_form(competitor=row.competitor)
    return page(request, "opportunities/lost.html", LostPage(row, form, reason_options()))


async def lose(request: Request) -> Response:
    person: Person = request.state.person
    row = await queries.opportunity_for(person, path_id(request), EDIT)
    form = await read_form(request, LostForm)
    if not form.errors:
        try:
            await actions.lose(person, row, form.value)
        except Invalid as refused:
            form = with_errors(form, refused)
        else:
            return redirect(f"/opportunities/{row.id}", toast=_("%(name)s is lost.", name=row.title))
    return page(request, "opportunities/lost.html", LostPage(row, form, reason_options()), status=422)


async def reopen(request: Request) -> Response:
    person: Person = request.state.person
    row = await queries.opportunity_for(person, path_id(request), EDIT)
    await actions.reopen(person, row)
    return redirect(f"/opportunities/{row.id}", toast=_("%(name)s is open again.", name=row.title))


async def take_back(request: Request) -> Response:
    person: Person = request.state.person
    row = await queries.opportunity_for(person, path_id(request), EDIT)
    await actions.take_back(person, row)
    toast = _("%(name)s is deleted.", name=row.title)
    return redirect("/opportunities", toast=toast, undo=await undo_url(Opportunity, row.id))
