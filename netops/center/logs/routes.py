"""Routes of logs."""

from netops.center.logs import handlers
from shared.web.routing import Route

ROUTES = [
    Route("GET", "/logs", handlers.show, "node.view"),
    Route("GET", "/live/logs", handlers.tail, "node.view"),
    Route("GET", "/logs/export", handlers.download, "node.view"),
]
