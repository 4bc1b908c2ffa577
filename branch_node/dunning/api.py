"""Dunning in the JSON API: what would be sent today, reminders, levels, promises, disputes."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from branch_node.api import PAGE_SCHEMA, ROW_SCHEMA, money, read_json
from branch_node.dunning import actions, queries
from branch_node.dunning.forms import DisputeForm, LevelForm, PromiseForm, RemindIn
from branch_node.receivables.api import receivable_json
from branch_node.receivables.queries import receivable_for
from branch_node.requests import path_id
from shared.money import Money
from shared.records import DunningLevel, PromiseToPay, Receivable
from shared.web.responses import json_answer
from shared.web.routing import ApiDoc, Route

REMINDED_SCHEMA = {
    "type": "object",
    "required": ["reminded"],
    "properties": {"reminded": {"type": "integer"}},
}


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
    return json_answer(promise_json(found), status=201)


def promise_json(row: PromiseToPay) -> dict[str, Any]:
    return {
        "id": row.id,
        "receivable_id": row.receivable_id,
        "promised_on": row.promised_on,
        "amount": money(Money(row.amount_minor, row.currency)),
        "status": row.status,
    }


async def answer(row: Receivable, request: Request) -> Response:
    return json_answer(await receivable_json(await receivable_for(request.state.person, row.id)))


async def add_dispute(request: Request) -> Response:
    body = await read_json(request, DisputeForm)
    return await answer(await actions.dispute(request.state.person, path_id(request), body), request)


async def settle_dispute(request: Request) -> Response:
    return await answer(await actions.settle_dispute(request.state.person, path_id(request)), request)


def level_json(row: DunningLevel) -> dict[str, Any]:
    """A level of dunning: how many days after the due day (negative: before), and its texts."""
    return {
        "id": row.id,
        "level": row.level,
        "days_past_due": row.days_past_due,
        "subject": row.subject,
        "body": row.body,
        "subject_en": row.subject_en or None,
        "body_en": row.body_en or None,
        "active": row.active,
        "revision": row.revision,
    }


async def list_levels(request: Request) -> Response:
    rows = await actions.ensure_levels()
    return json_answer({"rows": [level_json(row) for row in rows], "next": None, "previous": None})


async def change_level(request: Request) -> Response:
    body = await read_json(request, LevelForm)
    return json_answer(level_json(await actions.change_level(request.state.person, path_id(request), body)))


async def remind(request: Request) -> Response:
    """Those of the named instalments that are due to be reminded of and within reach."""
    body = await read_json(request, RemindIn)
    return json_answer({"reminded": await actions.remind_now(request.state.person, body.ids)})


def notice_json(row: queries.NoticeRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "receivable_id": row.receivable_id,
        "label": row.label,
        "customer": row.customer,
        "level": row.level,
        "happened_on": row.happened_on,
        "remaining": money(row.remaining),
        "channel": row.channel,
        "status": row.status,
        "sent_at": row.sent_at,
    }


async def list_notices(request: Request) -> Response:
    rows = await queries.latest_notices(request.state.person)
    return json_answer({"rows": [notice_json(row) for row in rows], "next": None, "previous": None})


async def note_call(request: Request) -> Response:
    row = await actions.note_call(request.state.person, path_id(request))
    (found,) = [one for one in await queries.notices_of(row.receivable_id) if one.id == row.id]
    return json_answer(notice_json(found))


async def list_promises(request: Request) -> Response:
    row = await receivable_for(request.state.person, path_id(request))
    found = await queries.promises_of(row.id)
    return json_answer({"rows": [promise_json(one) for one in found], "next": None, "previous": None})


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
    Route(
        "GET", "/api/v1/receivables/{id}/promises", list_promises, "receivable.view",
        api=ApiDoc("What was promised for an instalment, newest first.", response=PAGE_SCHEMA, errors=(404,)),
    ),
    Route(
        "POST", "/api/v1/dunning/remind", remind, "receivable.edit",
        api=ApiDoc("Remind of these instalments now.", body=RemindIn, response=REMINDED_SCHEMA, errors=(422,)),
    ),
    Route(
        "GET", "/api/v1/dunning/notices", list_notices, "receivable.view",
        api=ApiDoc("The latest hundred reminders within reach.", response=PAGE_SCHEMA),
    ),
    Route(
        "POST", "/api/v1/dunning/notices/{id}/call", note_call, "receivable.edit",
        api=ApiDoc("Record that a customer was reminded by telephone.", response=ROW_SCHEMA, errors=(404, 409)),
    ),
    Route(
        "GET", "/api/v1/dunning/levels", list_levels, "receivable.write_off",
        api=ApiDoc("The levels of dunning, lowest first.", response=PAGE_SCHEMA),
    ),
    Route(
        "POST", "/api/v1/dunning/levels/{id}", change_level, "receivable.write_off",
        api=ApiDoc("Change a level's day and texts.", body=LevelForm, response=ROW_SCHEMA, errors=(404, 409, 422)),
    ),
]  # fmt: skip
