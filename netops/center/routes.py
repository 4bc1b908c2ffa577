"""All routes of the center, feature by feature."""

from netops.center.ingest.routes import ROUTES as INGEST_ROUTES
from netops.center.nodes.routes import ROUTES as NODE_ROUTES

ROUTES = [*NODE_ROUTES, *INGEST_ROUTES]
