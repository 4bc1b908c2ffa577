"""Opportunities side by side: the board and the list, with the same filters."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from branch_node.customers.queries import customer_names
from branch_node.home import home, today
from branch_node.listing import Listing, nothing, scope_of, wants_file, whole
from branch_node.lists import paging
from branch_node.opportunities import queries
from branch_node.opportunities.forms import ListForm
from branch_node.opportunities.handlers import stage_options
from branch_node.opportunities.pages import BoardPage, Lane, ListPage
from branch_node.opportunities.rules import OPEN_STAGES, STAGES, is_overdue
from branch_node.staff.queries import names_of
from shared.i18n import gettext as _
from shared.money import Money
from shared.permissions import Person
from shared.vocabulary import LOST_REASONS
from shared.web import filters as show
from shared.web.forms import Form, read_query
from shared.web.parts import Action, Chip, Column, Count, Empty, Field, Filters, Option, Tab
from shared.web.responses import page
from shared.web.templating import with_query


async def show_board(request: Request) -> Response:
    """The open stages side by side; the first cards of each, and what all of them come to."""
    person: Person = request.state.person
    form, wanted = asked(request)
    wanted = wanted.model_copy(update={"stage": "open"})
    cards = await queries.board(person, wanted)
    sums = await queries.sums(person, wanted)
    view = BoardPage(
        lanes=[lane(request, stage, cards.get(stage, []), sums.get(stage)) for stage in OPEN_STAGES],
        ends=[Option("won", _("Won")), Option("lost", _("Lost"))],
        stages=stage_options(),
        filters=await filter_bar(request, form, wanted, "/opportunities"),
        tabs=tabs(request, is_board=True),
        scope=scope_of(person, "opportunity.view"),
        actions=new_action(person),
        overdue=frozenset(
            row.id
            for rows in cards.values()
            for row in rows
            if is_overdue(row.stage, row.expected_on, today())
        ),
        can_edit=person.may("opportunity.edit"),
        empty=None if sums else no_opportunity(person, wanted, "/opportunities"),
    )
    return page(request, "opportunities/board.html", view)


def no_opportunity(person: Person, wanted: ListForm, clear_url: str) -> Empty:
    """What stands where none is shown."""
    return nothing(
        wanted != ListForm(),
        _("What may become an order appears here, with its stage and what it is worth."),
        _("No opportunity matches these filters."),
        clear_url,
        next(iter(new_action(person)), None),
    )


def asked(request: Request) -> tuple[Form[Any], ListForm]:
    form = read_query(request, ListForm)
    return form, form.value if not form.errors else ListForm()


def lane(
    request: Request, stage: str, cards: list[queries.OpportunityRow], sums: queries.Sums | None
) -> Lane:
    more = with_query("/opportunities/list", stage=stage) if sums and sums.count > len(cards) else ""
    return Lane(stage, _(STAGES[stage][0]), cards, sums, more)


def tabs(request: Request, *, is_board: bool) -> list[Tab]:
    keep = {"after": None, "before": None, "sort": None}
    return [
        Tab(_("Board"), with_query("/opportunities", stage=None, **keep), is_board),
        Tab(_("List"), with_query("/opportunities/list", **keep), not is_board),
    ]


def new_action(person: Person) -> list[Action]:
    if not person.may("opportunity.edit"):
        return []
    return [Action(_("New opportunity"), "/opportunities/new", "plus", is_primary=True, key="n")]


async def show_list(request: Request) -> Response:
    """The list, or with ?format= the file of the same filter."""
    person: Person = request.state.person
    form, wanted = asked(request)
    order = paging(request.query_params, queries.SORTS, "expected")
    bar = await filter_bar(request, form, wanted, "/opportunities/list")
    scope = scope_of(person, "opportunity.view")
    if wants_file(request):
        found = await queries.opportunity_page(person, wanted, whole(order))
        sentence = _(", ").join(chip.label for chip in bar.chips)
        return await listing().file(request, found.rows, scope=scope, filters=sentence)
    cut = await queries.opportunity_page(person, wanted, order)
    number, is_exact = await queries.count(person, wanted)
    empty = no_opportunity(person, wanted, "/opportunities/list")
    by_stage = await queries.sums(person, wanted)
    base = home().currency
    sums = queries.Sums(
        sum(one.count for one in by_stage.values()),
        sum((one.base for one in by_stage.values()), Money(0, base)),
        sum((one.weighted for one in by_stage.values()), Money(0, base)),
    )
    table = await listing().table(request, cut, order, Count(number, is_exact), empty)
    view = ListPage(table, bar, tabs(request, is_board=False), scope, new_action(person), sums)
    return page(request, "opportunities/list.html", view)


def listing() -> Listing[queries.OpportunityRow]:
    """How an opportunity is shown in a list."""
    return Listing(
        key="opportunities",
        caption=_("Opportunities"),
        columns=[
            Column("title", _("What it is about"), phone="head"),
            Column("customer", _("Customer"), phone="second"),
            Column("stage", _("Stage"), phone="second"),
            Column("amount", _("Amount"), "money", sort="amount", phone="second"),
            Column("probability", _("Probability"), "percent"),
            Column("weighted", _("Weighted"), "money_plain", unit=show.money_unit(home().currency)),
            Column("expected", _("Expected close"), "day", sort="expected"),
            Column("owner", _("Owner")),
            Column("competitor", _("Competitor")),
            Column("reason", _("Lost because of")),
            Column("entered", _("Entered on"), "day", sort="entered"),
        ],
        cells=cells,
        url=lambda row: f"/opportunities/{row.id}",
        row_id=lambda row: str(row.id),
        hidden=("competitor", "reason", "entered"),
    )


def cells(row: queries.OpportunityRow) -> Mapping[str, Any]:
    reason = LOST_REASONS.get(row.lost_reason, row.lost_reason)
    return {
        "title": row.title,
        "customer": row.customer,
        "stage": _(STAGES[row.stage][0]),
        "amount": row.amount,
        "probability": row.probability_percent * 100,
        "weighted": row.weighted,
        "expected": row.expected_on,
        "owner": row.owner or None,
        "competitor": row.competitor or None,
        "reason": _(reason) if reason else None,
        "entered": row.happened_on,
    }


async def filter_bar(request: Request, form: Form[Any], wanted: ListForm, url: str) -> Filters:
    person: Person = request.state.person
    owner = (await names_of([wanted.owner])).get(wanted.owner, "") if wanted.owner else ""
    fields = [Field("q", _("Title, customer or competitor"), "search", width="m")]
    is_list = url.endswith("/list")
    if is_list:
        states = [Option("", _("any")), Option("open", _("open")), *stage_options(tuple(STAGES))]
        fields.append(Field("stage", _("Stage"), "select", options=states, width="s"))
        fields.append(Field("expected_from", _("Close from"), "date"))
        fields.append(Field("expected_to", _("Close to"), "date"))
    if person.may("customer.assign"):
        url_of_staff = "/staff/pick?for=opportunity.view"
        fields.append(Field("owner", _("Owner"), "pick", pick_url=url_of_staff, pick_text=owner))
    fields.append(
        Field(
            "overdue",
            _("Expected close"),
            "select",
            options=[Option("", _("any")), Option("1", _("overdue"))],
            width="s",
        )
    )
    chips = [
        Chip(text, with_query("", **{name: None}, after=None, before=None))
        for name, text in await chip_texts(wanted, owner, is_list=is_list)
    ]
    return Filters(fields, form, url, chips, "", url if chips else "")


async def chip_texts(wanted: ListForm, owner: str, *, is_list: bool) -> list[tuple[str, str]]:
    """Each active filter as (name, words)."""
    texts: list[tuple[str, str]] = []
    if wanted.q:
        texts.append(("q", _('contains "%(text)s"', text=wanted.q)))
    if is_list and wanted.stage in STAGES:
        texts.append(("stage", _(STAGES[wanted.stage][0])))
    if wanted.owner is not None:
        texts.append(("owner", _("owner %(name)s", name=owner)))
    if wanted.customer is not None:
        texts.append(("customer", (await customer_names([wanted.customer])).get(wanted.customer, "?")))
    if wanted.overdue:
        texts.append(("overdue", _("close is overdue")))
    if is_list and wanted.expected_from is not None:
        texts.append(("expected_from", _("close from %(day)s", day=show.day(wanted.expected_from))))
    if is_list and wanted.expected_to is not None:
        texts.append(("expected_to", _("close to %(day)s", day=show.day(wanted.expected_to))))
    return texts
