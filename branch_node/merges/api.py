"""Merges of customers in the JSON API: probable pairs, what a merge would do, merge, undo."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from branch_node.api import PAGE_SCHEMA, ROW_SCHEMA, read_json, with_query_form
from branch_node.customers.queries import customer_for
from branch_node.merges import actions, queries
from branch_node.merges.forms import OtherForm, PreviewForm
from branch_node.merges.rules import CHOSEN, conflicts
from branch_node.requests import path_id
from shared.records import Customer
from shared.web.responses import json_answer
from shared.web.routing import ApiDoc, Route

MERGE = "customer.merge"


async def list_pairs(request: Request) -> Response:
    rows = [vars(pair) for pair in await queries.probable_pairs(request.state.person)]
    return json_answer({"rows": rows, "next": None, "previous": None})


async def kept_customer(request: Request) -> Customer:
    return await customer_for(request.state.person, path_id(request), MERGE)


async def preview_merge(request: Request) -> Response:
    """Fields in which both say something else, and how many rows of each table would move."""
    kept = await kept_customer(request)
    other = await customer_for(request.state.person, with_query_form(request, PreviewForm).other, MERGE)
    mine, theirs = ({name: getattr(row, name) for name in CHOSEN} for row in (kept, other))
    fields: list[dict[str, Any]] = [
        {"name": name, "kept": mine[name], "other": theirs[name]} for name in conflicts(mine, theirs)
    ]
    return json_answer({"conflicts": fields, "moving": await queries.counts_of(other)})


async def list_merges(request: Request) -> Response:
    """Who went into a customer and can come out again."""
    kept = await kept_customer(request)
    rows = [
        {"id": one.record_id, "name": one.name, "code": one.code, "merged_at": one.at, "merged_by": one.by}
        for one in await queries.merges_into(kept.id)
    ]
    return json_answer({"rows": rows, "next": None, "previous": None})


async def merge_customers(request: Request) -> Response:
    kept = await kept_customer(request)
    body = await read_json(request, OtherForm)
    other = await customer_for(request.state.person, body.other, MERGE)
    record = await actions.merge_customers(request.state.person, kept, other, body.take)
    return json_answer(
        {"id": record.id, "kept_id": record.kept_id, "merged_id": record.merged_id, "undone_at": None},
        status=201,
    )


async def undo_merge(request: Request) -> Response:
    """`kept_as_changed`: fields that somebody changed since and that stay as they are."""
    record = await queries.merge_for(request.state.person, path_id(request))
    stays = await actions.undo_merge(request.state.person, record)
    return json_answer(
        {
            "id": record.id,
            "kept_id": record.kept_id,
            "merged_id": record.merged_id,
            "kept_as_changed": stays,
        }
    )


ROUTES = [
    Route(
        "GET", "/api/v1/merges/pairs", list_pairs, MERGE,
        api=ApiDoc("Customers that are probably entered twice, the most alike first.", response=PAGE_SCHEMA),
    ),
    Route(
        "POST", "/api/v1/merges/{id}/undo", undo_merge, MERGE,
        api=ApiDoc("Two customers again.", response=ROW_SCHEMA, errors=(404, 409)),
    ),
    Route(
        "GET", "/api/v1/customers/{id}/merge", preview_merge, MERGE,
        api=ApiDoc("What would become of both.", query=PreviewForm, response=ROW_SCHEMA, errors=(404, 422)),
    ),
    Route(
        "POST", "/api/v1/customers/{id}/merge", merge_customers, MERGE,
        api=ApiDoc(
            "The other customer goes into this one.", body=OtherForm, response=ROW_SCHEMA, status=201, errors=(404, 409, 422)
        ),
    ),
    Route(
        "GET", "/api/v1/customers/{id}/merges", list_merges, MERGE,
        api=ApiDoc("Merges into a customer that can be undone.", response=PAGE_SCHEMA, errors=(404,)),
    ),
]  # fmt: skip
