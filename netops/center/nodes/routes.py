"""Routes of the fleet and of a node."""

from netops.center.nodes import charts, editing, handlers, live
from shared.web.routing import ApiDoc, Route

ROUTES = [
    Route("GET", "/", handlers.show_fleet, "node.view"),
    Route("GET", "/live/fleet", live.fleet_stream, "node.view"),
    Route("GET", "/nodes/{name}", handlers.show_node, "node.view"),
    Route("GET", "/nodes/{name}/edit", editing.edit_node, "node.control"),
    Route("POST", "/nodes/{name}/edit", editing.change_node, "node.control"),
    Route("GET", "/nodes/{name}/live", live.node_stream, "node.view"),
    Route("GET", "/nodes/{name}/series", charts.series_of_node, "node.view", api=ApiDoc("Curves of a node, column by column")),
]  # fmt: skip
