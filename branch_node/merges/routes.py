"""Routes of merges."""

from branch_node.merges import api, handlers
from shared.web.routing import Route

ROUTES = [
    Route("GET", "/customers/pairs", handlers.show_pairs, "customer.merge"),
    Route("POST", "/customers/merge", handlers.chosen, "customer.merge"),
    Route("GET", "/customers/{id}/merge", handlers.ask, "customer.merge"),
    Route("POST", "/customers/{id}/merge", handlers.merge, "customer.merge"),
    Route("POST", "/merges/{id}/undo", handlers.undo, "customer.merge"),
    *api.ROUTES,
]
