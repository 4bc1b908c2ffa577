"""Routes of approvals. Who may decide is judged for each request, because a deputy needs no right of his own."""

from branch_node.approvals import api, handlers
from shared.web.routing import SIGNED_IN, Route

ROUTES = [
    Route("GET", "/approvals", handlers.show_list, SIGNED_IN),
    Route("POST", "/approvals/approve", handlers.approve_many, SIGNED_IN),
    Route("GET", "/approvals/{id}", handlers.show_request, SIGNED_IN),
    Route("POST", "/approvals/{id}", handlers.decide_request, SIGNED_IN),
    *api.ROUTES,
]
