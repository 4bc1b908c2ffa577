"""Receipts in the JSON API: list, one, create, allocate."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from branch_node.amounts import amount_in
from branch_node.api import PAGE_SCHEMA, ROW_SCHEMA, money, page_of, read_json, with_query_form
from branch_node.customers.queries import customer_for
from branch_node.lists import paging
from branch_node.receipts import actions, queries
from branch_node.receipts.forms import AllocateIn, FilterForm, PartIn, ReceiptForm, ReceiptIn, ReverseForm
from branch_node.receipts.handlers import filter_of
from branch_node.requests import path_id
from shared.money import Money
from shared.permissions import Person
from shared.records import Receipt
from shared.web.responses import json_answer
from shared.web.routing import ApiDoc, Route

TAKEN = (
    "id", "branch", "revision", "number", "customer_id", "owner_id", "department_id", "happened_on", "status",
    "method", "reference", "reversed_on", "reverse_reason", "notes",
)  # fmt: skip


async def answer(row: Receipt, status: int = 200) -> Response:
    """A receipt with what it paid; counter rows are marked and negative."""
    left = 0 if row.status == "reversed" else row.amount_minor - row.allocated_minor
    parts = await queries.parts_of(row.id)
    found: dict[str, Any] = {
        **{name: getattr(row, name) for name in TAKEN},
        "amount": money(Money(row.amount_minor, row.currency)),
        "allocated": money(Money(row.allocated_minor, row.currency)),
        "unallocated": money(Money(left, row.currency)),
        "allocations": [
            {
                "id": one.id,
                "receivable_id": one.receivable_id,
                "instalment": one.label,
                "happened_on": one.happened_on,
                "amount": money(-one.amount if one.is_counter else one.amount),
                "is_counter": one.is_counter,
            }
            for one in parts
        ],
    }
    return json_answer(found, status=status)


def parts_of(parts: Sequence[PartIn], currency: str) -> dict[UUID, int]:
    """Minor units by instalment. Invalid, naming the part, when one is no amount."""
    return {
        part.receivable_id: amount_in(part.amount, currency, f"parts.{place}.amount")
        for place, part in enumerate(parts)
    }


async def list_receipts(request: Request) -> Response:
    asked = with_query_form(request, FilterForm)
    pages = paging(request.query_params, queries.SORTS, "-happened_on")
    cut = await queries.receipts_page(request.state.person, filter_of(asked), pages)
    rows = [
        {
            "id": row.id,
            "number": row.number,
            "happened_on": row.happened_on,
            "customer_id": row.customer_id,
            "customer": row.customer,
            "amount": money(row.amount),
            "unallocated": money(row.unallocated),
            "status": row.status,
            "method": row.method,
            "reference": row.reference,
        }
        for row in cut.rows
    ]
    return page_of(rows, cut)


async def show_receipt(request: Request) -> Response:
    return await answer(await queries.receipt_for(request.state.person, path_id(request)))


async def currency_of(person: Person, body: ReceiptIn) -> str:
    """What a receipt is in: as said, else its customer's."""
    return body.currency or (await customer_for(person, body.customer_id, "receipt.record")).currency


async def create_receipt(request: Request) -> Response:
    body = await read_json(request, ReceiptIn)
    parts = parts_of(body.parts, await currency_of(request.state.person, body)) if body.parts else {}
    form = ReceiptForm(**body.model_dump(exclude={"parts"}))
    return await answer(await actions.record_receipt(request.state.person, form, parts), 201)


async def allocate_receipt(request: Request) -> Response:
    body = await read_json(request, AllocateIn)
    receipt = await queries.receipt_for(request.state.person, path_id(request), "allocation.edit")
    parts = parts_of(body.parts, receipt.currency)
    await actions.allocate_receipt(request.state.person, receipt.id, body.mode, parts)
    return await answer(await Receipt.get(id=receipt.id))


async def reverse_receipt(request: Request) -> Response:
    body = await read_json(request, ReverseForm)
    return await answer(await actions.reverse_receipt(request.state.person, path_id(request), body.reason))


async def take_back(request: Request) -> Response:
    return await answer(await actions.take_back_allocation(request.state.person, path_id(request)))


ROUTES = [
    Route(
        "GET", "/api/v1/receipts", list_receipts, "receipt.view",
        api=ApiDoc("Receipts within reach, page by page.", query=FilterForm, response=PAGE_SCHEMA),
    ),
    Route(
        "POST", "/api/v1/receipts", create_receipt, "receipt.record",
        api=ApiDoc(
            "Record a receipt and what it pays.", body=ReceiptIn, response=ROW_SCHEMA, status=201,
            errors=(404, 409, 422),
        ),
    ),
    Route(
        "GET", "/api/v1/receipts/{id}", show_receipt, "receipt.view",
        api=ApiDoc("One receipt with its allocations.", response=ROW_SCHEMA, errors=(404,)),
    ),
    Route(
        "POST", "/api/v1/receipts/{id}/allocate", allocate_receipt, "allocation.edit",
        api=ApiDoc(
            "Let what is left of a receipt pay instalments.", body=AllocateIn, response=ROW_SCHEMA,
            errors=(404, 409, 422),
        ),
    ),
    Route(
        "POST", "/api/v1/receipts/{id}/reverse", reverse_receipt, "receipt.reverse",
        api=ApiDoc(
            "Take a receipt back by counter entries.", body=ReverseForm, response=ROW_SCHEMA, errors=(404, 409, 422)
        ),
    ),
    Route(
        "POST", "/api/v1/receipts/allocations/{id}/take-back", take_back, "allocation.edit",
        api=ApiDoc("Take one allocation back.", response=ROW_SCHEMA, errors=(404, 409)),
    ),
]  # fmt: skip
