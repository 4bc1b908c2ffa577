"""Routes of the month page."""

from branch_node.income import api, closing, handlers
from shared.web.routing import Route

ROUTES = [
    Route("GET", "/income", handlers.show_month, "figures.view"),
    Route("GET", "/income/close", closing.show_close, "period.close"),
    Route("POST", "/income/close", closing.close_month, "period.close"),
    Route("GET", "/income/reopen", closing.show_reopen, "period.close"),
    Route("POST", "/income/reopen", closing.reopen_month, "period.close"),
    *api.ROUTES,
]
