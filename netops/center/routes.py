"""All routes of the center, feature by feature; what agents ask a hundred times a second is tried first."""

from netops.center.alerts.routes import ROUTES as ALERT_ROUTES
from netops.center.audit.routes import ROUTES as AUDIT_ROUTES
from netops.center.channels.routes import ROUTES as CHANNEL_ROUTES
from netops.center.commands.routes import ROUTES as COMMAND_ROUTES
from netops.center.enrolment.routes import ROUTES as ENROLMENT_ROUTES
from netops.center.incidents.routes import ROUTES as INCIDENT_ROUTES
from netops.center.ingest.routes import ROUTES as INGEST_ROUTES
from netops.center.logs.routes import ROUTES as LOG_ROUTES
from netops.center.maintenance.routes import ROUTES as MAINTENANCE_ROUTES
from netops.center.nodes.routes import ROUTES as NODE_ROUTES
from netops.center.prometheus.routes import ROUTES as PROMETHEUS_ROUTES
from netops.center.recovery.routes import ROUTES as RECOVERY_ROUTES
from netops.center.status.routes import ROUTES as STATUS_ROUTES

ROUTES = [
    *INGEST_ROUTES,
    *NODE_ROUTES,
    *INCIDENT_ROUTES,
    *LOG_ROUTES,
    *RECOVERY_ROUTES,
    *ALERT_ROUTES,
    *MAINTENANCE_ROUTES,
    *CHANNEL_ROUTES,
    *STATUS_ROUTES,
    *COMMAND_ROUTES,
    *AUDIT_ROUTES,
    *ENROLMENT_ROUTES,
    *PROMETHEUS_ROUTES,
]
