"""Routes of channels."""

from netops.center.channels import handlers
from shared.web.routing import Route

ROUTES = [
    Route("GET", "/channels", handlers.show, "node.control"),
    Route("POST", "/channels", handlers.add, "node.control"),
    Route("POST", "/channels/{id:uuid}/test", handlers.test, "node.control"),
    Route("POST", "/channels/{id:uuid}/remove", handlers.remove, "node.control"),
]
