"""The periods of the books in the JSON API: which are closed; close and reopen one."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from branch_node.api import PAGE_SCHEMA, ROW_SCHEMA, read_json
from branch_node.home import home
from branch_node.income import actions
from branch_node.income.closing import month_in
from branch_node.income.forms import ReopenIn
from shared.records import FiscalPeriod
from shared.web.responses import json_answer
from shared.web.routing import ApiDoc, Route


def period_json(row: FiscalPeriod) -> dict[str, Any]:
    """A period; `after_on` is the first day that is not in it."""
    return {
        "id": row.id,
        "code": row.code,
        "first_on": row.first_on,
        "after_on": row.after_on,
        "closed_at": row.closed_at,
        "closed_by": row.closed_by,
    }


async def list_periods(request: Request) -> Response:
    rows = await FiscalPeriod.filter(branch=home().code, deleted_at=None).order_by("first_on")
    return json_answer({"rows": [period_json(row) for row in rows], "next": None, "previous": None})


async def close(request: Request) -> Response:
    month = month_in(request.path_params["month"])
    return json_answer(period_json(await actions.close_period(request.state.person, month)))


async def reopen(request: Request) -> Response:
    month = month_in(request.path_params["month"])
    body = await read_json(request, ReopenIn)
    return json_answer(period_json(await actions.reopen_period(request.state.person, month, body.reason)))


ROUTES = [
    Route(
        "GET", "/api/v1/periods", list_periods, "figures.view",
        api=ApiDoc("The periods of the books, oldest first, and which of them are closed.", response=PAGE_SCHEMA),
    ),
    Route(
        "POST", "/api/v1/periods/{month}/close", close, "period.close",
        api=ApiDoc("Close a month (2026-11).", response=ROW_SCHEMA, errors=(404, 409, 422)),
    ),
    Route(
        "POST", "/api/v1/periods/{month}/reopen", reopen, "period.close",
        api=ApiDoc("Reopen a closed month.", body=ReopenIn, response=ROW_SCHEMA, errors=(404, 409, 422)),
    ),
]  # fmt: skip
