"""Routes of the outbox: everybody sees the mails that go to or are about what he may see; `queries` draws the line."""

from branch_node.mail import api, handlers
from shared.web.routing import SIGNED_IN, Route

ROUTES = [
    Route("GET", "/mail", handlers.show_list, SIGNED_IN),
    Route("GET", "/mail/{id}", handlers.show_one, SIGNED_IN),
    Route("POST", "/mail/{id}/send-again", handlers.send_again, SIGNED_IN),
    *api.ROUTES,
]
