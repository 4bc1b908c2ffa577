"""News in the JSON API."""

from starlette.requests import Request
from starlette.responses import Response

from branch_node.api import PAGE_SCHEMA, page_of, with_query_form
from branch_node.lists import paging
from branch_node.news import queries
from branch_node.news.forms import ListForm
from shared.web.routing import ApiDoc, Route


async def list_news(request: Request) -> Response:
    order = paging(request.query_params, queries.SORTS, "-day")
    cut = await queries.news_page(request.state.person, with_query_form(request, ListForm), order)
    rows = [
        {
            "id": row.id,
            "kind": row.kind,
            "happened_on": row.day,
            "title": row.title,
            "text": row.text or None,
            "link": row.link or None,
            "source": row.source or None,
            "competitor": row.competitor or None,
            "entered_by": row.who or None,
        }
        for row in cut.rows
    ]
    return page_of(rows, cut)


ROUTES = [
    Route(
        "GET", "/api/v1/news", list_news, "news.view",
        api=ApiDoc(
            "News of headquarters and notes of the branch, newest first.", query=ListForm, response=PAGE_SCHEMA,
            errors=(422,),
        ),
    )
]  # fmt: skip
