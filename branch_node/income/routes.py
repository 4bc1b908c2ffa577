"""Routes of the month page."""

from branch_node.income import handlers
from shared.web.routing import Route

ROUTES = [
    Route("GET", "/income", handlers.show_month, "figures.view"),
    Route("POST", "/income/close", handlers.close_month, "period.close"),
    Route("POST", "/income/reopen", handlers.reopen_month, "period.close"),
]
