"""Quotes in the JSON API: list, one with lines, enter, submit, send, answer, next round."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from branch_node.api import PAGE_SCHEMA, ROW_SCHEMA, money, page_of, read_json, with_query_form
from branch_node.lists import paging
from branch_node.orders.api import answer as order_answer
from branch_node.orders.api import lines_json, named_as_in_the_body
from branch_node.orders.forms import OrderIn, parse_document
from branch_node.quotations import actions, queries
from branch_node.quotations.forms import FilterForm, QuotationForm
from branch_node.requests import path_id
from shared.money import Money
from shared.permissions import Person
from shared.records import Quotation
from shared.web.responses import json_answer
from shared.web.routing import ApiDoc, Handler, Route

TAKEN = (
    "id", "branch", "revision", "number", "round", "customer_id", "owner_id", "department_id", "status", "happened_on",
    "valid_until_on", "effective_discount_bp", "terms", "order_id",
)  # fmt: skip


class QuotationIn(OrderIn):
    """A quote as the JSON API takes it: an order's lines and discounts, how long it holds, and its terms."""

    valid_until_on: str = ""
    terms: str = ""

    def typed(self) -> dict[str, str]:
        """The boxes of the html form."""
        return {**super().typed(), "valid_until_on": self.valid_until_on, "terms": self.terms}


async def answer(row: Quotation, status: int = 200) -> Response:
    """A quote with its lines."""

    def amount(minor: int) -> Any:
        return money(Money(minor, row.currency))

    return json_answer(
        {
            **{name: getattr(row, name) for name in TAKEN},
            "subtotal": amount(row.subtotal_minor),
            "discount": amount(row.discount_minor),
            "tax": amount(row.tax_minor),
            "total": amount(row.total_minor),
            "lines": lines_json(row, await queries.lines_of(row.id)),
        },
        status=status,
    )


async def list_quotations(request: Request) -> Response:
    value = with_query_form(request, FilterForm)
    pages = paging(request.query_params, queries.SORTS, "-happened_on")
    wanted = queries.Filter(value.q, value.status or "", value.customer_id)
    cut = await queries.quotations_page(request.state.person, wanted, pages)
    rows = [
        {
            "id": row.id,
            "number": row.number,
            "round": row.round,
            "happened_on": row.happened_on,
            "valid_until_on": row.valid_until_on,
            "customer": row.customer,
            "seller": row.owner,
            "total": money(row.total),
            "status": row.status,
        }
        for row in cut.rows
    ]
    return page_of(rows, cut)


async def show_quotation(request: Request) -> Response:
    return await answer(await queries.quotation_for(request.state.person, path_id(request)))


async def create_quotation(request: Request) -> Response:
    body = await read_json(request, QuotationIn)
    with named_as_in_the_body():
        form = parse_document(body.typed(), QuotationForm)
        row = await actions.enter_quotation(request.state.person, form.checked)
    return await answer(row, 201)


async def submit_quotation(request: Request) -> Response:
    await actions.submit_quotation(request.state.person, path_id(request))
    return await show_quotation(request)


async def accept_quotation(request: Request) -> Response:
    """The order that came of it; the same one when it was accepted before."""
    return await order_answer(await actions.accept_quotation(request.state.person, path_id(request)))


def moved(act: Callable[[Person, Any], Awaitable[Quotation]]) -> Handler:
    """A handler that makes one move and answers with the quote."""

    async def handler(request: Request) -> Response:
        return await answer(await act(request.state.person, path_id(request)))

    return handler


def _post(name: str, handler: Handler, summary: str) -> Route:
    doc = ApiDoc(summary, response=ROW_SCHEMA, errors=(403, 404, 409))
    return Route("POST", f"/api/v1/quotes/{{id}}/{name}", handler, "quotation.edit", api=doc)


ROUTES = [
    Route(
        "GET", "/api/v1/quotes", list_quotations, "quotation.view",
        api=ApiDoc("Quotes within reach, page by page.", query=FilterForm, response=PAGE_SCHEMA),
    ),
    Route(
        "POST", "/api/v1/quotes", create_quotation, "quotation.edit",
        api=ApiDoc("Enter a quote as a draft.", body=QuotationIn, response=ROW_SCHEMA, status=201, errors=(404, 422)),
    ),
    Route(
        "GET", "/api/v1/quotes/{id}", show_quotation, "quotation.view",
        api=ApiDoc("One quote with its lines.", response=ROW_SCHEMA, errors=(404,)),
    ),
    _post("submit", submit_quotation, "Ask for approval of a quote's discount."),
    _post("send", moved(actions.send_quotation), "Record that a quote went to the customer."),
    _post("round", moved(actions.begin_round), "Begin the next round of a quote."),
    _post("reject", moved(actions.reject_quotation), "Record that the customer declined."),
    _post("accept", accept_quotation, "Record that the customer accepted: the order that came of it."),
]  # fmt: skip
