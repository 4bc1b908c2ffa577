"""Customers in the JSON API: list, one, create."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from branch_node.api import PAGE_SCHEMA, ROW_SCHEMA, money, page_of, read_json, with_query_form
from branch_node.customers import actions, queries
from branch_node.customers.actions import ProbablyThere
from branch_node.customers.forms import CustomerForm, FilterForm
from branch_node.customers.targets import with_custom
from branch_node.lists import paging
from branch_node.own_fields import custom_fields
from branch_node.requests import path_id
from shared.i18n import N_
from shared.records import Customer
from shared.web.responses import json_answer
from shared.web.routing import ApiDoc, Route


def customer_json(row: Customer) -> dict[str, Any]:
    """The master record as JSON."""
    found: dict[str, Any] = {name: getattr(row, name) for name in actions.SHOWN_FIELDS}
    found.pop("credit_limit_minor")
    limit = row.credit_limit_minor
    found["credit_limit"] = None if limit is None else money_in_base(limit)
    return {
        "id": row.id, "branch": row.branch, "revision": row.revision, "acquired_on": row.acquired_on,
        "signed_on": row.signed_on, "last_contact_on": row.last_contact_on, "next_contact_on": row.next_contact_on,
        "custom": row.custom, **found,
    }  # fmt: skip


def money_in_base(minor: int) -> Any:
    from branch_node.home import home
    from shared.money import Money

    return money(Money(minor, home().currency))


async def list_customers(request: Request) -> Response:
    asked = with_query_form(request, FilterForm)
    wanted = with_custom(asked, request.query_params, await custom_fields())
    pages = paging(request.query_params, queries.SORTS, queries.default_sort(wanted))
    found = await queries.customer_page(request.state.person, wanted, pages)
    rows = [{**vars(row), "remaining": money(row.remaining)} for row in found.cut.rows]
    return page_of(rows, found.cut)


async def show_customer(request: Request) -> Response:
    return json_answer(customer_json(await queries.customer_for(request.state.person, path_id(request))))


async def create_customer(request: Request) -> Response:
    """Conflict (customer.duplicate) for a probable duplicate, unless `confirmed` is true."""
    person = request.state.person
    value = await read_json(request, CustomerForm)
    if not value.confirmed:
        found = await queries.duplicates_of(
            person, name=value.name, phone=value.phone, email=value.email, tax_number=value.tax_number
        )
        if found:
            raise ProbablyThere(
                N_("The branch knows %(count)s customer like this. Send confirmed to enter it anyway."),
                count=len(found),
            )
    row = await actions.add_customer(person, value)
    return json_answer(customer_json(row), status=201)


ROUTES = [
    Route(
        "GET", "/api/v1/customers", list_customers, "customer.view",
        api=ApiDoc("Customers within reach, page by page. Own fields are asked for by custom_KEY.", query=FilterForm, response=PAGE_SCHEMA),
    ),
    Route(
        "GET", "/api/v1/customers/{id}", show_customer, "customer.view",
        api=ApiDoc("One customer.", response=ROW_SCHEMA, errors=(404,)),
    ),
    Route(
        "POST", "/api/v1/customers", create_customer, "customer.edit",
        api=ApiDoc("Enter a customer.", body=CustomerForm, response=ROW_SCHEMA, status=201, errors=(409, 422)),
    ),
]  # fmt: skip
