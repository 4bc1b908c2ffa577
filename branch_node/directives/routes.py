"""Routes of directives."""

from branch_node.directives import api, handlers
from shared.web.routing import Route

ROUTES = [
    Route("GET", "/directives", handlers.show_inbox, "directive.view"),
    Route("GET", "/directives/team", handlers.show_team, "plan.assign"),
    Route("GET", "/directives/{id}", handlers.show_one, "directive.view"),
    Route("POST", "/directives/{id}/acknowledge", handlers.acknowledge, "directive.view"),
    Route("POST", "/directives/{id}/done", handlers.done, "directive.view"),
    Route("POST", "/directives/{id}/carry-out", handlers.carry_out, "directive.view"),
    Route("GET", "/directives/{id}/files/{file}", handlers.download, "directive.view"),
    *api.ROUTES,
]
