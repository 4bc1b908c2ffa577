"""Routes for Prometheus and Alertmanager."""

from netops.center.prometheus import handlers
from shared.web.routing import ApiDoc, Route

ROUTES = [
    Route("GET", "/prometheus/targets", handlers.targets, "node.view", api=ApiDoc("Nodes as targets (http_sd)")),
    Route("GET", "/prometheus/nodes/{name}", handlers.node_metrics, "node.view", api=ApiDoc("Newest values of a node", media_types=("text/plain",))),
    Route("POST", "/prometheus/alerts", handlers.take_alerts, "node.control", api=ApiDoc("Alerts of Alertmanager (webhook)")),
]  # fmt: skip
