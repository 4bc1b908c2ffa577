"""Routes of rules."""

from netops.center.alerts import handlers
from shared.web.routing import Route

ROUTES = [
    Route("GET", "/rules", handlers.show_list, "node.view"),
    Route("GET", "/rules/new", handlers.show, "node.control"),
    Route("POST", "/rules/new", handlers.save, "node.control"),
    Route("POST", "/rules/new/try", handlers.try_rule, "node.control"),
    Route("GET", "/rules/{id:int}", handlers.show, "node.control"),
    Route("POST", "/rules/{id:int}", handlers.save, "node.control"),
    Route("POST", "/rules/{id:int}/try", handlers.try_rule, "node.control"),
    Route("POST", "/rules/{id:int}/delete", handlers.delete, "node.control"),
]
