"""Dunning in the JSON API: what would be sent today, promises, disputes."""

from starlette.requests import Request
from starlette.responses import Response

from branch_node.api import PAGE_SCHEMA, ROW_SCHEMA, money, read_json
from branch_node.dunning import actions, queries
from branch_node.dunning.forms import DisputeForm, PromiseForm
from branch_node.receivables.api import receivable_json
from branch_node.receivables.queries import receivable_for
from branch_node.requests import path_id
from shared.money import Money
from shared.records import Receivable
from shared.web.responses import json_answer
from shared.web.routing import ApiDoc, Route


async def list_due(request: Request) -> Response:
    """The notices that would be sent today."""
    rows = [
        {
            "receivable_id": one.debtor.id,
            "label": one.debtor.label,
            "customer_id": one.debtor.customer_id,
            "customer": one.debtor.customer,
            "level": one.level,
            "days_late": one.days_late,
            "remaining": money(one.debtor.remaining),
            "address": one.debtor.address or None,
        }
        for one in await queries.proposals(request.state.person)
    ]
    return json_answer({"rows": rows, "next": None, "previous": None})


async def add_promise(request: Request) -> Response:
    body = await read_json(request, PromiseForm)
    found = await actions.promise(request.state.person, path_id(request), body)
    return json_answer(
        {
            "id": found.id,
            "receivable_id": found.receivable_id,
            "promised_on": found.promised_on,
            "amount": money(Money(found.amount_minor, found.currency)),
            "status": found.status,
        },
        status=201,
    )


async def answer(row: Receivable, request: Request) -> Response:
    return json_answer(await receivable_json(await receivable_for(request.state.person, row.id)))


async def add_dispute(request: Request) -> Response:
    body = await read_json(request, DisputeForm)
    return await answer(await actions.dispute(request.state.person, path_id(request), body), request)


async def settle_dispute(request: Request) -> Response:
    return await answer(await actions.settle_dispute(request.state.person, path_id(request)), request)


ROUTES = [
    Route(
        "GET", "/api/v1/dunning", list_due, "receivable.edit",
        api=ApiDoc("Reminders that are due today.", response=PAGE_SCHEMA),
    ),
    Route(
        "POST", "/api/v1/receivables/{id}/promises", add_promise, "receivable.edit",
        api=ApiDoc(
            "Record a promise to pay.", body=PromiseForm, response=ROW_SCHEMA, status=201, errors=(404, 409, 422)
        ),
    ),
    Route(
        "POST", "/api/v1/receivables/{id}/dispute", add_dispute, "receivable.edit",
        api=ApiDoc("Record a dispute.", body=DisputeForm, response=ROW_SCHEMA, errors=(404, 409, 422)),
    ),
    Route(
        "POST", "/api/v1/receivables/{id}/settle", settle_dispute, "receivable.edit",
        api=ApiDoc("Settle a dispute.", response=ROW_SCHEMA, errors=(404, 409)),
    ),
]  # fmt: skip
