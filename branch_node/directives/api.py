"""Directives in the JSON API: the inbox, one's people, one directive with its documents, read, acknowledge, done."""

from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from branch_node.api import PAGE_SCHEMA, ROW_SCHEMA, read_json
from branch_node.directives import actions, handlers, queries
from branch_node.directives.forms import StepForm
from branch_node.requests import path_id
from shared.records import Directive
from shared.web.responses import json_answer
from shared.web.routing import ApiDoc, Route

NAMES = (
    "id", "number", "kind", "title", "body", "issued_at", "issued_by_name", "deadline_on", "not_after", "reminded_at",
    "withdrawn_at",
)  # fmt: skip


async def list_inbox(request: Request) -> Response:
    rows = [vars(row) for row in await queries.inbox(request.state.person)]
    return json_answer({"rows": rows, "next": None, "previous": None})


async def list_team(request: Request) -> Response:
    rows = [asdict(row) for row in await queries.of_team(request.state.person)]
    return json_answer({"rows": rows, "next": None, "previous": None})


async def directive_json(request: Request, directive: Directive) -> dict[str, Any]:
    """The directive with how far the person got (null: it is not addressed to him) and its documents."""
    mine = next(
        (row for row in await queries.inbox(request.state.person) if row.id == directive.id),
        None,
    )
    return {
        **{name: getattr(directive, name) for name in NAMES},
        "status": mine.status if mine else None,
        "documents": [
            {"id": one.id, "name": one.name, "size_bytes": one.size_bytes, "is_whole": one.is_whole}
            for one in await queries.documents_of(directive.id)
        ],
    }


async def show_directive(request: Request) -> Response:
    """Looking at it here is not reading it: a program reports that with its own request."""
    directive, _mine = await queries.directive_for(request.state.person, path_id(request))
    return json_answer(await directive_json(request, directive))


async def step(request: Request, name: str) -> Response:
    directive, _mine = await queries.directive_for(request.state.person, path_id(request))
    body = await read_json(request, StepForm)
    await actions.take_step(request.state.person, directive, name, body.note)
    return json_answer(await directive_json(request, directive))


async def read(request: Request) -> Response:
    return await step(request, "read")


async def acknowledge(request: Request) -> Response:
    return await step(request, "acknowledged")


async def done(request: Request) -> Response:
    return await step(request, "done")


def _step(name: str, handler: Any, summary: str) -> Route:
    return Route(
        "POST", f"/api/v1/directives/{{id}}/{name}", handler, "directive.view",
        api=ApiDoc(summary, body=StepForm, response=ROW_SCHEMA, errors=(404, 409, 422)),
    )  # fmt: skip


ROUTES = [
    Route(
        "GET", "/api/v1/directives", list_inbox, "directive.view",
        api=ApiDoc("What headquarters addressed to oneself, unread first.", response=PAGE_SCHEMA),
    ),
    Route(
        "GET", "/api/v1/directives/team", list_team, "plan.assign",
        api=ApiDoc("How far the people within reach got, directive by directive.", response=PAGE_SCHEMA),
    ),
    Route(
        "GET", "/api/v1/directives/{id}", show_directive, "directive.view",
        api=ApiDoc("One directive with its documents.", response=ROW_SCHEMA, errors=(404,)),
    ),
    Route(
        "GET", "/api/v1/directives/{id}/files/{file}", handlers.download, "directive.view",
        api=ApiDoc(
            "A document of a directive.", response=ROW_SCHEMA, errors=(404, 409), media_types=("application/octet-stream",)
        ),
    ),
    _step("read", read, "Report a directive as read."),
    _step("acknowledge", acknowledge, "Acknowledge a directive."),
    _step("done", done, "Report a directive as done."),
]  # fmt: skip
