"""Routes of the audit trail."""

from branch_node.trail import api, handlers
from shared.web.routing import Route

ROUTES = [
    Route("GET", "/audit", handlers.show_trail, "audit.view", is_heavy=True),
    *api.ROUTES,
]
