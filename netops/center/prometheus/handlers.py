"""What Prometheus and Alertmanager ask of the center. They carry an API token."""

from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from netops.center.nodes.queries import contact_and_condition, node_named
from netops.center.nodes.state import Fleet
from netops.center.prometheus import actions
from netops.center.prometheus.rules import CONTENT_TYPE, node_page
from shared import clock
from shared.errors import Invalid, Unavailable
from shared.i18n import N_
from shared.web.responses import json_answer


async def targets(request: Request) -> Response:
    """Every active node as a target of `http_sd_configs`: this center, the node's own page, labels node, branch, role."""
    fleet: Fleet = request.app.state.fleet
    host = request.headers.get("host", "")
    return json_answer(
        [
            {
                "targets": [host],
                "labels": {
                    "__metrics_path__": f"/prometheus/nodes/{quote(node.name)}",
                    "__scheme__": request.url.scheme,
                    "instance": node.name,
                    "node": node.name,
                    "branch": node.branch,
                    "role": node.role,
                },
            }
            for node in fleet
        ]
    )


async def node_metrics(request: Request) -> Response:
    """The newest values of one node. 503 when it was not heard of lately: then `up` is 0 and its series end."""
    node = node_named(request.app.state.fleet, request.path_params["name"])
    contact, _condition = contact_and_condition(node, clock.now(), request.app.state.settings)
    if contact not in ("live", "late"):
        raise Unavailable(N_("Nothing was heard of this node lately."), retry_after=15, code="node.stale")
    units = node.hello.metrics if node.hello else {}
    return Response(node_page(node.values, units, node.state), media_type=CONTENT_TYPE)


async def take_alerts(request: Request) -> Response:
    """POST: the webhook of Alertmanager."""
    try:
        message = msgspec.json.decode(await request.body(), type=actions.Message)
    except msgspec.DecodeError as error:
        raise Invalid(N_("This is not a message of Alertmanager.")) from error
    changed = await actions.take_alerts(message, request.app.state.fleet)
    if changed:
        request.app.state.hub.publish("incidents")
    return json_answer({"changed": changed})
