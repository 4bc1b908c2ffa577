"""Routes of business cards."""

from branch_node.vcards import handlers
from shared.web.routing import Route

ROUTES = [
    Route("GET", "/vcards", handlers.ask, "contact.edit"),
    Route("POST", "/vcards", handlers.read, "contact.edit"),
    Route("POST", "/vcards/take", handlers.take, "contact.edit"),
    Route("GET", "/customers/{id}/contacts.vcf", handlers.download, "contact.view"),
]
