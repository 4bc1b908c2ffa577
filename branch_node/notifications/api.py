"""Messages in the JSON API: the list, mark as read."""

from starlette.requests import Request
from starlette.responses import Response

from branch_node.api import PAGE_SCHEMA, page_of
from branch_node.lists import paging
from branch_node.notifications import actions, queries
from branch_node.requests import path_id
from shared.errors import NotFound
from shared.web.responses import json_answer
from shared.web.routing import SIGNED_IN, ApiDoc, Route

READ_SCHEMA = {"type": "object", "required": ["read"], "properties": {"read": {"type": "integer"}}}


async def list_notices(request: Request) -> Response:
    order = paging(request.query_params, queries.SORTS, "-at")
    cut = await queries.notices_page(request.state.person, order)
    rows = [
        {
            "id": row.id,
            "kind": row.kind,
            "text": row.text,
            "url": row.url,
            "created_at": row.created_at,
            "is_read": row.is_read,
        }
        for row in cut.rows
    ]
    return page_of(rows, cut)


async def read_notice(request: Request) -> Response:
    count = await actions.mark_read(request.state.person, [path_id(request)])
    if not count:
        raise NotFound()
    return json_answer({"read": count})


ROUTES = [
    Route(
        "GET", "/api/v1/notifications", list_notices, SIGNED_IN,
        api=ApiDoc("One's own messages, newest first, page by page.", response=PAGE_SCHEMA),
    ),
    Route(
        "POST", "/api/v1/notifications/{id}/read", read_notice, SIGNED_IN,
        api=ApiDoc("Mark an unread message as read.", response=READ_SCHEMA, errors=(404,)),
    ),
]  # fmt: skip
