"""Routes of the branch's replication page."""

from branch_node.sync import day_close, handlers
from shared.web.routing import Route

ROUTES = [
    Route("GET", "/sync", handlers.show, "sync.view"),
    Route("GET", "/sync/day-close", day_close.show, "sync.view"),
    Route("POST", "/sync/send", handlers.send_now, "sync.view"),
]
