"""The figures of this branch over the JSON API."""

from starlette.requests import Request
from starlette.responses import Response

from branch_node.figures.queries import figure_named
from branch_node.figures.rules import parameters_of
from shared.web.responses import json_answer


async def show(request: Request) -> Response:
    parameters = parameters_of(request.query_params)
    found = await figure_named(request.path_params["name"], parameters, request.state.person)
    return json_answer(found)
