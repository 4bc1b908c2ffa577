"""All routes of the center, feature by feature."""

from netops.center.audit.routes import ROUTES as AUDIT_ROUTES
from netops.center.commands.routes import ROUTES as COMMAND_ROUTES
from netops.center.enrolment.routes import ROUTES as ENROLMENT_ROUTES
from netops.center.ingest.routes import ROUTES as INGEST_ROUTES
from netops.center.nodes.routes import ROUTES as NODE_ROUTES
from netops.center.prometheus.routes import ROUTES as PROMETHEUS_ROUTES

ROUTES = [*NODE_ROUTES, *COMMAND_ROUTES, *AUDIT_ROUTES, *ENROLMENT_ROUTES, *INGEST_ROUTES, *PROMETHEUS_ROUTES]
