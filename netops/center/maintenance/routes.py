"""Routes of maintenance windows."""

from netops.center.maintenance import handlers
from shared.web.routing import Route

ROUTES = [
    Route("GET", "/maintenance", handlers.show, "node.view"),
    Route("POST", "/maintenance", handlers.make, "node.control"),
    Route("GET", "/maintenance/{id:uuid}/edit", handlers.show_edit, "node.control"),
    Route("POST", "/maintenance/{id:uuid}", handlers.change, "node.control"),
    Route("POST", "/maintenance/{id:uuid}/end", handlers.end, "node.control"),
]
