"""Receivables in the JSON API: instalments within reach, one with its entries, credit notes and write-offs."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from branch_node.api import PAGE_SCHEMA, ROW_SCHEMA, money, page_of, read_json, with_query_form
from branch_node.home import today
from branch_node.lists import paging
from branch_node.receivables import actions, queries
from branch_node.receivables.entries import entries_of
from branch_node.receivables.forms import AdjustmentForm, FilterForm
from branch_node.receivables.rules import days_late, state_of
from branch_node.requests import path_id
from shared.money import Money
from shared.records import Receivable
from shared.web.responses import json_answer
from shared.web.routing import ApiDoc, Route


class AdjustmentIn(AdjustmentForm):
    """A credit note or a write-off; the amount is a decimal string in the instalment's currency."""


async def list_receivables(request: Request) -> Response:
    value = with_query_form(request, FilterForm)
    wanted = queries.Filter(
        min(value.as_of or today(), today()), value.q, value.customer_id, None, value.department_id,
        value.currency.upper(), value.bucket,
    )  # fmt: skip
    pages = paging(request.query_params, queries.INSTALMENT_SORTS, "due_on")
    cut = await queries.instalments_page(request.state.person, wanted, pages)
    rows = [
        {
            "id": row.id,
            "label": row.standing.label,
            "order_id": row.order_id,
            "customer_id": row.customer_id,
            "customer": row.customer,
            "due_on": row.due_on,
            "days_late": days_late(row.due_on, wanted.as_of),
            "due": money(Money(row.standing.amount_minor, row.standing.currency)),
            "received": money(Money(row.standing.received_minor, row.standing.currency)),
            "remaining": money(Money(row.standing.remaining_minor, row.standing.currency)),
            "is_disputed": row.is_disputed,
        }
        for row in cut.rows
    ]
    return page_of(rows, cut)


async def receivable_json(row: Receivable) -> dict[str, Any]:
    """One instalment with everything that made it what it is."""
    order = await queries.order_of(row)
    standing = actions.standing_of(row, f"{order.number}/{row.position}")
    return {
        "id": row.id,
        "label": standing.label,
        "order_id": row.order_id,
        "customer_id": row.customer_id,
        "due_on": row.due_on,
        "state": state_of(standing, row.due_on, today()),
        "due": money(Money(row.amount_minor, row.currency)),
        "received": money(Money(row.received_minor, row.currency)),
        "credited": money(Money(row.credited_minor, row.currency)),
        "written_off": money(Money(row.written_off_minor, row.currency)),
        "remaining": money(Money(standing.remaining_minor, row.currency)),
        "dispute": row.dispute_reason or None,
        "entries": [
            {
                "kind": one.kind,
                "happened_on": one.happened_on,
                "amount": money(Money(one.amount_minor, one.currency)),
                "number": one.number,
                "reason": one.reason,
            }
            for one in await entries_of(row, order.number)
        ],
    }


async def show_receivable(request: Request) -> Response:
    row = await queries.receivable_for(request.state.person, path_id(request))
    return json_answer(await receivable_json(row))


async def adjust_receivable(request: Request) -> Response:
    body = await read_json(request, AdjustmentIn)
    entry = await actions.adjust(request.state.person, path_id(request), body)
    row = await queries.receivable_for(request.state.person, entry.receivable_id)
    return json_answer({"number": entry.number, "receivable": await receivable_json(row)}, status=201)


ROUTES = [
    Route(
        "GET", "/api/v1/receivables", list_receivables, "receivable.view",
        api=ApiDoc("Open instalments within reach, page by page.", query=FilterForm, response=PAGE_SCHEMA),
    ),
    Route(
        "GET", "/api/v1/receivables/{id}", show_receivable, "receivable.view",
        api=ApiDoc("One instalment with its entries.", response=ROW_SCHEMA, errors=(404,)),
    ),
    Route(
        "POST", "/api/v1/receivables/{id}/adjustments", adjust_receivable, "receivable.write_off",
        api=ApiDoc(
            "Record a credit note or a write-off.", body=AdjustmentIn, response=ROW_SCHEMA, status=201,
            errors=(404, 409, 422),
        ),
    ),
]  # fmt: skip
