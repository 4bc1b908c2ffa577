"""Routes of news."""

from branch_node.news import api, handlers
from shared.web.routing import Route

ROUTES = [
    Route("GET", "/news", handlers.show_list, "news.view"),
    Route("POST", "/news", handlers.enter, "intel.edit"),
    *api.ROUTES,
]
