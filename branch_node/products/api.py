"""Products in the JSON API: what can be sold, with the price of today."""

from starlette.requests import Request
from starlette.responses import Response

from branch_node.api import PAGE_SCHEMA, money, page_of, with_query_form
from branch_node.lists import paging
from branch_node.products import queries
from branch_node.products.forms import FilterForm
from shared.web.routing import ApiDoc, Route


async def list_products(request: Request) -> Response:
    value = with_query_form(request, FilterForm)
    pages = paging(request.query_params, queries.SORTS, "name")
    cut = await queries.products_page(request.state.person, pages, value.q, with_old=value.old)
    rows = [
        {
            "id": row.id,
            "code": row.code,
            "name": row.name,
            "category": row.category,
            "unit": row.unit,
            "list_price": money(row.price),
            "is_active": row.active,
        }
        for row in cut.rows
    ]
    return page_of(rows, cut)


ROUTES = [
    Route(
        "GET", "/api/v1/products", list_products, "product.view",
        api=ApiDoc("Products by name or code, page by page.", query=FilterForm, response=PAGE_SCHEMA),
    ),
]  # fmt: skip
