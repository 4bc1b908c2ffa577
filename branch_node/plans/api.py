"""Plans in the JSON API: the plan of a day, the team's day, one more line."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from branch_node.api import ROW_SCHEMA, read_json
from branch_node.customers.queries import standing_customer
from branch_node.plans import actions, queries, team_reads
from branch_node.plans.forms import LineForm
from branch_node.plans.rules import read_line
from branch_node.requests import asked_day, path_id, query_id
from branch_node.staff.queries import colleague_for
from shared.web.responses import json_answer
from shared.web.routing import ApiDoc, Route

DAY = "?day=2026-11-20, today when left out"


def item_json(item: queries.Item) -> dict[str, Any]:
    found = asdict(item)
    found.pop("found")
    return found


async def show_plans(request: Request) -> Response:
    """One's own plan of a day, or with ?employee= that of somebody within reach."""
    person = request.state.person
    employee = query_id(request, "employee")
    who: UUID = person.id
    if employee is not None and employee != person.id:
        who = (await colleague_for(person, employee, "plan.view")).id
    plan = await queries.day_of(who, asked_day(request), is_own=False)
    return json_answer(
        {
            "employee": who, "day": plan.day, "status": plan.status, "note": plan.note, "tally": asdict(plan.tally),
            "items": [item_json(item) for item in plan.items],
        }
    )  # fmt: skip


async def show_item(request: Request) -> Response:
    item = await queries.item_for(request.state.person, path_id(request), "plan.view")
    names = (
        "id employee_id happened_on position at_time kind text customer_id important status result origin_id "
        "carried_count is_addition task_id proof_kind proof_id revision"
    )
    return json_answer({name: getattr(item, name) for name in names.split()})


async def show_team(request: Request) -> Response:
    rows = await team_reads.team_on(request.state.person, asked_day(request))
    return json_answer({"day": asked_day(request), "rows": [asdict(row) for row in rows]})


async def add_item(request: Request) -> Response:
    """A line as it is typed on My day."""
    person = request.state.person
    value = await read_json(request, LineForm)
    line, customer_id = await queries.resolve_customer(person, read_line(value.line))
    if value.customer_id is not None:
        customer_id = (await standing_customer(person, value.customer_id)).id
    item = await actions.add_item(person, await actions.own_employee(person), line, customer_id=customer_id)
    return json_answer(
        {
            "id": item.id,
            "text": item.text,
            "kind": item.kind,
            "at_time": item.at_time,
            "customer_id": customer_id,
        },
        status=201,
    )


ROUTES = [
    Route(
        "GET", "/api/v1/plans", show_plans, "plan.view",
        api=ApiDoc(f"The plan of a day with its items; {DAY}, ?employee= for somebody within reach.", response=ROW_SCHEMA),
    ),
    Route(
        "GET", "/api/v1/plans/team", show_team, "plan.view",
        api=ApiDoc(f"The day of everybody within reach; {DAY}.", response=ROW_SCHEMA),
    ),
    Route(
        "GET", "/api/v1/plans/items/{id}", show_item, "plan.view",
        api=ApiDoc("One item of a plan.", response=ROW_SCHEMA, errors=(404,)),
    ),
    Route(
        "POST", "/api/v1/plans/items", add_item, "plan.edit",
        api=ApiDoc("One more line for today.", body=LineForm, response=ROW_SCHEMA, status=201, errors=(409, 422)),
    ),
]  # fmt: skip
