"""Routes of the status page."""

from netops.center.status import handlers
from shared.web.routing import PUBLIC, Route

ROUTES = [Route("GET", "/status", handlers.show, PUBLIC)]
