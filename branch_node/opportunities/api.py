"""Opportunities in the JSON API: list, sums by stage, one, enter, change, move, win, lose, reopen, take back."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from branch_node.api import PAGE_SCHEMA, ROW_SCHEMA, money, page_of, read_json, with_query_form
from branch_node.customers.queries import standing_customer
from branch_node.home import home
from branch_node.lists import paging
from branch_node.opportunities import actions, queries
from branch_node.opportunities.forms import ListForm, LostForm, OpportunityForm, StageForm
from branch_node.requests import path_id
from shared.money import Money
from shared.records import Opportunity
from shared.web.responses import json_answer
from shared.web.routing import ApiDoc, Route

EDIT = "opportunity.edit"
NAMES = (
    "id", "branch", "customer_id", "owner_id", "department_id", "title", "stage", "probability_percent", "happened_on",
    "expected_on", "closed_on", "competitor", "lost_reason", "notes", "revision",
)  # fmt: skip


def opportunity_json(row: Opportunity) -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in NAMES},
        "amount": money(Money(row.amount_minor, row.currency)),
        "base": money(Money(row.base_minor, home().currency)),
    }


async def list_opportunities(request: Request) -> Response:
    wanted = with_query_form(request, ListForm)
    pages = paging(request.query_params, queries.SORTS, "expected")
    cut = await queries.opportunity_page(request.state.person, wanted, pages)
    rows = [
        {**vars(row), **{name: money(getattr(row, name)) for name in ("amount", "base", "weighted")}}
        for row in cut.rows
    ]
    return page_of(rows, cut)


async def show_sums(request: Request) -> Response:
    """Count, amount and weighted amount of each stage, base currency."""
    found = await queries.sums(request.state.person, with_query_form(request, ListForm))
    rows = [
        {"stage": stage, "count": one.count, "base": money(one.base), "weighted": money(one.weighted)}
        for stage, one in found.items()
    ]
    return json_answer({"rows": rows, "next": None, "previous": None})


async def found(request: Request, action: str = EDIT) -> Opportunity:
    return await queries.opportunity_for(request.state.person, path_id(request), action)


async def show_opportunity(request: Request) -> Response:
    return json_answer(opportunity_json(await found(request, "opportunity.view")))


async def enter_opportunity(request: Request) -> Response:
    person = request.state.person
    body = await read_json(request, OpportunityForm)
    customer = await standing_customer(person, body.customer_id)
    return json_answer(opportunity_json(await actions.enter(person, customer, body)), status=201)


async def change_opportunity(request: Request) -> Response:
    """With `revision` a change that somebody else made meanwhile is a conflict."""
    person, row = request.state.person, await found(request)
    body = await read_json(request, OpportunityForm)
    customer = await standing_customer(person, body.customer_id)
    return json_answer(opportunity_json(await actions.change(person, row, customer, body)))


async def move_opportunity(request: Request) -> Response:
    row, body = await found(request), await read_json(request, StageForm)
    return json_answer(
        opportunity_json(await actions.move(request.state.person, row, body.stage, body.before))
    )


async def lose_opportunity(request: Request) -> Response:
    row, body = await found(request), await read_json(request, LostForm)
    return json_answer(opportunity_json(await actions.lose(request.state.person, row, body)))


async def win_opportunity(request: Request) -> Response:
    return json_answer(opportunity_json(await actions.win(request.state.person, await found(request))))


async def reopen_opportunity(request: Request) -> Response:
    return json_answer(opportunity_json(await actions.reopen(request.state.person, await found(request))))


async def take_back_opportunity(request: Request) -> Response:
    """As it stood when it was marked as deleted."""
    row = await found(request)
    await actions.take_back(request.state.person, row)
    return json_answer(opportunity_json(row))


def _move(name: str, handler: Callable[[Request], Any], summary: str) -> Route:
    return Route(
        "POST", f"/api/v1/opportunities/{{id}}/{name}", handler, EDIT,
        api=ApiDoc(summary, response=ROW_SCHEMA, errors=(404, 409)),
    )  # fmt: skip


ROUTES = [
    Route(
        "GET", "/api/v1/opportunities", list_opportunities, "opportunity.view",
        api=ApiDoc("Opportunities within reach, open ones unless a stage is asked for.", query=ListForm, response=PAGE_SCHEMA),
    ),
    Route(
        "POST", "/api/v1/opportunities", enter_opportunity, EDIT,
        api=ApiDoc(
            "Enter an opportunity.", body=OpportunityForm, response=ROW_SCHEMA, status=201, errors=(403, 404, 422)
        ),
    ),
    Route(
        "GET", "/api/v1/opportunities/sums", show_sums, "opportunity.view",
        api=ApiDoc("How many there are in each stage and what they come to.", query=ListForm, response=PAGE_SCHEMA),
    ),
    Route(
        "GET", "/api/v1/opportunities/{id}", show_opportunity, "opportunity.view",
        api=ApiDoc("One opportunity.", response=ROW_SCHEMA, errors=(404,)),
    ),
    Route(
        "POST", "/api/v1/opportunities/{id}", change_opportunity, EDIT,
        api=ApiDoc("Change an open opportunity.", body=OpportunityForm, response=ROW_SCHEMA, errors=(403, 404, 409, 422)),
    ),
    Route(
        "POST", "/api/v1/opportunities/{id}/move", move_opportunity, EDIT,
        api=ApiDoc("Into another open stage.", body=StageForm, response=ROW_SCHEMA, errors=(404, 409, 422)),
    ),
    Route(
        "POST", "/api/v1/opportunities/{id}/lost", lose_opportunity, EDIT,
        api=ApiDoc("The customer did not buy.", body=LostForm, response=ROW_SCHEMA, errors=(404, 409, 422)),
    ),
    _move("won", win_opportunity, "The customer bought."),
    _move("reopen", reopen_opportunity, "Open a won or lost opportunity again."),
    _move("take-back", take_back_opportunity, "Delete an opportunity that was entered by mistake."),
]  # fmt: skip
