"""Follow-ups in the JSON API: list, one, create."""

from starlette.requests import Request
from starlette.responses import Response

from branch_node.api import PAGE_SCHEMA, ROW_SCHEMA, page_of, read_json, with_query_form
from branch_node.customers.queries import standing_customer
from branch_node.followups import actions, queries
from branch_node.followups.forms import ActivityForm, ListForm
from branch_node.lists import paging
from branch_node.requests import path_id
from shared.records import Activity
from shared.web.responses import json_answer
from shared.web.routing import ApiDoc, Route

NAMES = (
    "id", "branch", "customer_id", "contact_id", "owner_id", "kind", "status", "subject", "notes", "outcome",
    "planned_on", "happened_on", "next_on", "is_return_visit", "minutes", "revision",
)  # fmt: skip


def activity_json(row: Activity) -> dict[str, object]:
    return {name: getattr(row, name) for name in NAMES}


async def list_activities(request: Request) -> Response:
    asked = with_query_form(request, ListForm)
    pages = paging(request.query_params, queries.DONE_SORTS, "-day")
    cut = await queries.done_page(request.state.person, asked, pages)
    return page_of([vars(row) for row in cut.rows], cut)


async def show_activity(request: Request) -> Response:
    return json_answer(activity_json(await queries.activity_for(request.state.person, path_id(request))))


async def create_activity(request: Request) -> Response:
    person = request.state.person
    value = await read_json(request, ActivityForm)
    customer = await standing_customer(person, value.customer_id)
    return json_answer(activity_json(await actions.record_activity(person, customer, value)), status=201)


ROUTES = [
    Route(
        "GET", "/api/v1/activities", list_activities, "followup.view",
        api=ApiDoc("Contacts that were made, newest first.", query=ListForm, response=PAGE_SCHEMA),
    ),
    Route(
        "GET", "/api/v1/activities/{id}", show_activity, "followup.view",
        api=ApiDoc("One contact.", response=ROW_SCHEMA, errors=(404,)),
    ),
    Route(
        "POST", "/api/v1/activities", create_activity, "followup.edit",
        api=ApiDoc("Record a contact that was made.", body=ActivityForm, response=ROW_SCHEMA, status=201, errors=(404, 422)),
    ),
]  # fmt: skip
