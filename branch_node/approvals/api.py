"""Approvals in the JSON API: what waits for one, and the decision."""

from starlette.requests import Request
from starlette.responses import Response

from branch_node.api import PAGE_SCHEMA, ROW_SCHEMA, money, page_of, read_json, with_query_form
from branch_node.approvals import queries
from branch_node.approvals.actions import decide
from branch_node.approvals.forms import DecisionForm, FilterForm
from branch_node.lists import paging
from branch_node.requests import path_id
from shared.web.responses import json_answer
from shared.web.routing import SIGNED_IN, ApiDoc, Route


async def list_requests(request: Request) -> Response:
    value = with_query_form(request, FilterForm)
    order = paging(request.query_params, queries.SORTS, "asked")
    wanted = queries.Filter(value.which, value.entity or "")
    cut = await queries.requests_page(request.state.person, wanted, order)
    rows = [
        {
            "id": row.id,
            "entity": row.entity,
            "entity_id": row.entity_id,
            "number": row.number,
            "about": row.about,
            "amount": money(row.amount),
            "requested_by": row.requested_by,
            "requested_at": row.requested_at,
            "reasons": row.reasons,
            "status": row.status,
            "decided_by": row.decided_by or None,
        }
        for row in cut.rows
    ]
    return page_of(rows, cut)


async def decide_request(request: Request) -> Response:
    body = await read_json(request, DecisionForm)
    found = await decide(request.state.person, path_id(request), body.verdict, body.comment, body.seen)
    return json_answer(
        {"id": found.id, "entity": found.entity, "entity_id": found.entity_id, "status": found.status}
    )


ROUTES = [
    Route(
        "GET", "/api/v1/approvals", list_requests, SIGNED_IN,
        api=ApiDoc("What waits for one, what one asked for, what was decided.", query=FilterForm, response=PAGE_SCHEMA),
    ),
    Route(
        "POST", "/api/v1/approvals/{id}", decide_request, SIGNED_IN,
        api=ApiDoc(
            "Approve or refuse the step a request stands at; a refusal needs a comment.", body=DecisionForm,
            response=ROW_SCHEMA, errors=(403, 404, 409, 422),
        ),
    ),
]  # fmt: skip
