"""Routes of remote control. Seeing commands needs node.view, ordering them node.control and a right for verb and place."""

from netops.center.commands import handlers, line, rights
from shared.nodes.report import COMMANDS_PATH
from shared.web.routing import PUBLIC, ApiDoc, Route

ROUTES = [
    Route("GET", "/commands", handlers.show_commands, "node.view"),
    Route("GET", "/commands/rights", rights.show_rights, "node.view"),
    Route("POST", "/commands/rights", rights.grant_right, "node.control"),
    Route("POST", "/commands/rights/{id}/withdraw", rights.withdraw_right, "node.control"),
    Route("GET", "/commands/{id}", handlers.show_command, "node.view"),
    Route("POST", "/commands/{id}/approve", handlers.approve_command, "node.control"),
    Route("POST", "/commands/{id}/cancel", handlers.cancel_command, "node.control"),
    Route("GET", "/nodes/{name}/commands", handlers.show_node_orders, "node.view"),
    Route("GET", "/nodes/{name}/commands/new", handlers.ask_command, "node.control"),
    Route("POST", "/nodes/{name}/commands", handlers.order_command, "node.control"),
    Route("GET", COMMANDS_PATH, line.wait_for_commands, PUBLIC, api=ApiDoc("Commands for an agent (signed, long poll)"), is_signed=True),
]  # fmt: skip
