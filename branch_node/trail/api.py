"""The audit trail in the JSON API."""

from starlette.requests import Request
from starlette.responses import Response

from branch_node.api import PAGE_SCHEMA, page_of, with_query_form
from branch_node.lists import paging
from branch_node.trail import queries
from branch_node.trail.forms import ListForm
from branch_node.trail.handlers import position_in
from shared.web.routing import ApiDoc, Route


async def list_trail(request: Request) -> Response:
    wanted = with_query_form(request, ListForm)
    person = request.state.person
    if wanted.which == "acts":
        cut = await queries.acts_page(person, wanted, paging(request.query_params, queries.SORTS, "-at"))
    else:
        cut = await queries.changes_page(person, wanted, position_in(request))
    rows = [
        {
            "id": row.id,
            "at": row.at,
            "who": row.who or None,
            "did": row.verb,
            "kind": row.kind or None,
            "what": row.what or None,
            "url": row.url or None,
        }
        for row in cut.rows
    ]
    return page_of(rows, cut)


ROUTES = [
    Route(
        "GET", "/api/v1/audit", list_trail, "audit.view",
        api=ApiDoc(
            "Who changed what (which=changes) or did what (which=acts), newest first.", query=ListForm,
            response=PAGE_SCHEMA, errors=(422,),
        ),
    )
]  # fmt: skip
