"""Routes of the branch's replication page."""

from branch_node.sync import conflicts, day_close, handlers
from shared.web.routing import Route

ROUTES = [
    Route("GET", "/sync", handlers.show, "sync.view"),
    Route("GET", "/sync/day-close", day_close.show, "sync.view"),
    Route("GET", "/sync/conflicts", conflicts.show, "sync.view"),
    Route("GET", "/sync/conflicts/{id}", conflicts.show_one, "sync.view"),
    Route("POST", "/sync/conflicts/{id}/ours", conflicts.keep_ours, "settings.edit"),
    Route("POST", "/sync/conflicts/{id}/theirs", conflicts.take_theirs, "settings.edit"),
    Route("POST", "/sync/send", handlers.send_now, "sync.view"),
]
