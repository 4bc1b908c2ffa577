"""Routes of the branch's figures."""

from pydantic import BaseModel

from branch_node.figures import handlers
from shared.web.routing import ApiDoc, Route


class FigureQuery(BaseModel):
    """First and last day, the day as of which, all as 2026-11-22."""

    model_config = {"populate_by_name": True}

    to: str = ""
    as_of: str = ""
    currency: str = ""


ROUTES = [
    Route(
        "GET", "/api/v1/figures/{name}", handlers.show, "figures.view",
        api=ApiDoc("A figure of this branch", query=FigureQuery, errors=(404, 422)),
    )
]  # fmt: skip
