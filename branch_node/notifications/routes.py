"""Routes of messages; everybody sees only his own."""

from branch_node.notifications import api, handlers
from shared.web.routing import SIGNED_IN, Route

ROUTES = [
    Route("GET", "/notifications", handlers.show_list, SIGNED_IN),
    Route("POST", "/notifications/read", handlers.read_all, SIGNED_IN),
    Route("POST", "/notifications/mails", handlers.choose_mails, SIGNED_IN),
    Route("POST", "/notifications/{id}", handlers.open_notice, SIGNED_IN),
    *api.ROUTES,
]
