"""Orders in the JSON API: list, one, create, submit, approve, ship, steps, complete, cancel."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from branch_node.api import PAGE_SCHEMA, ROW_SCHEMA, money, page_of, read_json, with_query_form
from branch_node.approvals.actions import decide_on
from branch_node.approvals.queries import waiting_request
from branch_node.home import today
from branch_node.lists import paging
from branch_node.orders import actions, execution, queries
from branch_node.orders.forms import (
    CancelForm,
    FilterForm,
    OrderForm,
    OrderIn,
    ShipForm,
    StepDoneForm,
    api_name,
    parse_document,
)
from branch_node.orders.listing import filter_of
from branch_node.orders.rules import is_late, net_shares, step_states
from branch_node.orders.shares import shares_of
from branch_node.orders.steps import facts_of, kinds
from branch_node.own_fields import custom_fields
from branch_node.requests import path_id
from shared.errors import Conflict, Invalid
from shared.i18n import N_
from shared.money import Money
from shared.records import Order, OrderLine, OrderShare, Quotation, QuotationLine, Receivable
from shared.web.responses import json_answer
from shared.web.routing import ApiDoc, Route

TAKEN = (
    "id", "branch", "revision", "number", "customer_id", "quotation_id", "owner_id", "department_id", "status",
    "happened_on", "required_on", "approved_on", "shipped_on", "completed_on", "cancelled_on", "payment_terms_days",
    "effective_discount_bp", "ship_to", "customer_reference", "notes", "custom",
)  # fmt: skip


class ApproveIn(BaseModel):
    """A decision on the order that is waiting. A refusal needs a comment."""

    verdict: Literal["approve", "reject"] = "approve"
    comment: str = ""


def order_json(
    row: Order, lines: Sequence[OrderLine], receivables: Sequence[Receivable], shares: Sequence[OrderShare]
) -> dict[str, Any]:
    """An order with its lines, instalments and the shares of its sellers."""

    def amount(minor: int) -> Any:
        return money(Money(minor, row.currency))

    return {
        **{name: getattr(row, name) for name in TAKEN},
        "subtotal": amount(row.subtotal_minor),
        "discount": amount(row.discount_minor),
        "tax": amount(row.tax_minor),
        "total": amount(row.total_minor),
        "base": money(Money(row.base_minor, row.base_currency)) if row.approved_on else None,
        "lines": lines_json(row, lines),
        "instalments": [instalment_json(one) for one in receivables],
        "shares": [share_json(one, row) for one in shares],
    }


def lines_json(row: Order | Quotation, lines: Sequence[OrderLine | QuotationLine]) -> list[dict[str, Any]]:
    """Each line, also with its part of the header discount taken off (`net`: they add up to subtotal - discount)."""
    nets = net_shares([line.amount_minor for line in lines], row.discount_minor)
    return [
        {
            "product_id": line.product_id,
            "product": line.product_code,
            "text": line.text,
            "quantity_milli": line.quantity_milli,
            "list_price": money(Money(line.list_price_minor, row.currency)),
            "price": money(Money(line.price_minor, row.currency)),
            "amount": money(Money(line.amount_minor, row.currency)),
            "net": money(Money(net, row.currency)),
        }
        for line, net in zip(lines, nets, strict=True)
    ]


def share_json(one: OrderShare, order: Order) -> dict[str, Any]:
    """What a seller is credited with; no amounts before the order is in effect."""
    counts = one.approved_on is not None
    return {
        "employee_id": one.employee_id,
        "share_bp": one.share_bp,
        "amount": money(Money(one.amount_minor, one.currency)) if counts else None,
        "base": money(Money(one.base_minor, order.base_currency)) if counts else None,
    }


def instalment_json(one: Receivable) -> dict[str, Any]:
    """An instalment with what came in and what remains."""
    left = one.amount_minor - one.received_minor - one.credited_minor - one.written_off_minor
    return {
        "id": one.id,
        "position": one.position,
        "due_on": one.due_on,
        "amount": money(Money(one.amount_minor, one.currency)),
        "received": money(Money(one.received_minor, one.currency)),
        "remaining": money(Money(left, one.currency)),
    }


async def answer(order: Order, status: int = 200) -> Response:
    lines, shares = await queries.lines_of(order.id), await shares_of(order.id)
    receivables = await queries.receivables_of(order.id) if order.approved_on else []
    return json_answer(order_json(order, lines, receivables, shares), status=status)


async def list_orders(request: Request) -> Response:
    asked = with_query_form(request, FilterForm)
    pages = paging(request.query_params, queries.SORTS, "-happened_on")
    wanted = filter_of(asked, request.query_params, await custom_fields("order"))
    cut = await queries.orders_page(request.state.person, wanted, pages)
    rows = [
        {
            "id": row.id,
            "number": row.number,
            "happened_on": row.happened_on,
            "customer_id": row.customer_id,
            "customer": row.customer,
            "seller": row.owner,
            "total": money(row.total),
            "status": row.status,
            "effective_discount_bp": row.effective_discount_bp,
            "custom": row.custom,
        }
        for row in cut.rows
    ]
    return page_of(rows, cut)


async def show_order(request: Request) -> Response:
    return await answer(await queries.order_for(request.state.person, path_id(request)))


async def create_order(request: Request) -> Response:
    body = await read_json(request, OrderIn)
    with named_as_in_the_body():
        form = parse_document(body.typed(), OrderForm)
        order = await actions.enter_order(request.state.person, form.checked)
    return await answer(order, 201)


@contextmanager
def named_as_in_the_body() -> Iterator[None]:
    """Faults of boxes are named as the body names its fields."""
    try:
        yield
    except Invalid as refused:
        fields = {api_name(box): message for box, message in refused.fields.items()}
        raise Invalid(refused.message, fields=fields, code=refused.code, **refused.params) from None


async def ship_order(request: Request) -> Response:
    body = await read_json(request, ShipForm)
    return await answer(await actions.ship_order(request.state.person, path_id(request), body))


async def complete_order(request: Request) -> Response:
    return await answer(await actions.complete_order(request.state.person, path_id(request)))


async def cancel_order(request: Request) -> Response:
    body = await read_json(request, CancelForm)
    order, _released = await actions.cancel_order(request.state.person, path_id(request), body)
    return await answer(order)


async def list_steps(request: Request) -> Response:
    """The execution plan of an order with the state of each step today."""
    order = await queries.order_for(request.state.person, path_id(request))
    known = await kinds()
    rows = await queries.steps_of(order.id)
    facts = facts_of(rows, known)
    found = [
        {
            "id": row.id,
            "kind": row.kind,
            "title": row.title or (known[row.kind].shown if row.kind in known else row.kind),
            "due_on": row.due_on,
            "state": state,
            "is_late": is_late(fact, today()),
            "done_on": row.done_on,
            "proof": row.proof,
        }
        for row, state, fact in zip(rows, step_states(facts), facts, strict=True)
    ]
    return json_answer({"rows": found, "next": None, "previous": None})


async def set_step(request: Request) -> Response:
    body = await read_json(request, StepDoneForm)
    await execution.set_step(request.state.person, path_id(request), path_id(request, "step"), body)
    return await list_steps(request)


async def submit_order(request: Request) -> Response:
    await actions.submit_order(request.state.person, path_id(request))
    return await show_order(request)


async def approve_order(request: Request) -> Response:
    """The waiting request of an order that the person sees or may decide."""
    body = await read_json(request, ApproveIn)
    waiting = await waiting_request("order", path_id(request))
    if waiting is None:
        order = await queries.order_for(request.state.person, path_id(request))
        raise Conflict(
            N_("Order %(number)s waits for no decision. Submit it first."),
            code="approval.none",
            number=order.number,
        )
    await decide_on(request.state.person, waiting, body.verdict, body.comment)
    return await show_order(request)


ROUTES = [
    Route(
        "GET", "/api/v1/orders", list_orders, "order.view",
        api=ApiDoc("Orders within reach, page by page. Own fields are asked for by custom_KEY.", query=FilterForm, response=PAGE_SCHEMA),
    ),
    Route(
        "POST", "/api/v1/orders", create_order, "order.edit",
        api=ApiDoc("Enter an order as a draft.", body=OrderIn, response=ROW_SCHEMA, status=201, errors=(404, 422)),
    ),
    Route(
        "GET", "/api/v1/orders/{id}", show_order, "order.view",
        api=ApiDoc("One order with lines, instalments and the shares of its sellers.", response=ROW_SCHEMA, errors=(404,)),
    ),
    Route(
        "POST", "/api/v1/orders/{id}/submit", submit_order, "order.submit",
        api=ApiDoc("Submit an order for approval.", response=ROW_SCHEMA, errors=(404, 409)),
    ),
    Route(
        "POST", "/api/v1/orders/{id}/ship", ship_order, "order.ship",
        api=ApiDoc("Record that the goods left.", body=ShipForm, response=ROW_SCHEMA, errors=(404, 409, 422)),
    ),
    Route(
        "POST", "/api/v1/orders/{id}/complete", complete_order, "order.edit",
        api=ApiDoc("Close an order whose steps are done.", response=ROW_SCHEMA, errors=(404, 409)),
    ),
    Route(
        "POST", "/api/v1/orders/{id}/cancel", cancel_order, "order.cancel",
        api=ApiDoc("Cancel an order.", body=CancelForm, response=ROW_SCHEMA, errors=(404, 409, 422)),
    ),
    Route(
        "GET", "/api/v1/orders/{id}/steps", list_steps, "order.view",
        api=ApiDoc("The execution plan with the state of each step.", response=PAGE_SCHEMA, errors=(404,)),
    ),
    Route(
        "POST", "/api/v1/orders/{id}/steps/{step}", set_step, "order.edit",
        api=ApiDoc(
            "Note that a step is done, skipped or open again.", body=StepDoneForm, response=PAGE_SCHEMA,
            errors=(404, 409, 422),
        ),
    ),
    Route(
        "POST", "/api/v1/orders/{id}/approve", approve_order, "order.approve",
        api=ApiDoc(
            "Approve or refuse a submitted order.", body=ApproveIn, response=ROW_SCHEMA, errors=(403, 404, 409, 422)
        ),
    ),
]  # fmt: skip
