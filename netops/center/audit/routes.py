"""Routes of the audit."""

from netops.center.audit import handlers
from shared.web.routing import Route

ROUTES = [Route("GET", "/audit", handlers.show_audit, "audit.view")]
