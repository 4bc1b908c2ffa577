"""Routes of recoveries."""

from netops.center.recovery import handlers
from shared.web.routing import Route

ROUTES = [Route("GET", "/recovery", handlers.show, "node.view")]
