"""Routes of follow-ups."""

from branch_node.followups import api, handlers
from shared.web.routing import Route

ROUTES = [
    Route("GET", "/followups", handlers.show_list, "followup.view"),
    Route("GET", "/followups/new", handlers.new, "followup.edit"),
    Route("POST", "/followups", handlers.record, "followup.edit"),
    Route("POST", "/followups/planned", handlers.plan, "followup.edit"),
    Route("GET", "/followups/{id}", handlers.show_one, "followup.view"),
    Route("POST", "/followups/{id}/done", handlers.finish, "followup.edit"),
    Route("POST", "/followups/{id}/cancel", handlers.cancel, "followup.edit"),
    *api.ROUTES,
]
