"""Routes of enrolment."""

from netops.center.enrolment import handlers
from shared.nodes.report import ENROL_HELLO_PATH, ENROL_PATH, KEY_PATH
from shared.web.routing import PUBLIC, ApiDoc, Route

ROUTES = [
    Route("GET", "/enrol", handlers.show_enrolment, "node.control"),
    Route("POST", "/enrol", handlers.make_token, "node.control"),
    Route("GET", "/enrol/{name}/revoke", handlers.ask_revoke, "node.control"),
    Route("POST", "/enrol/{name}/revoke", handlers.revoke_node, "node.control"),
    Route("POST", ENROL_HELLO_PATH, handlers.greet, PUBLIC, api=ApiDoc("The center proves who it is"), body_limit_bytes=4096, is_signed=True),
    Route("POST", ENROL_PATH, handlers.enrol, PUBLIC, api=ApiDoc("A node with a token becomes known"), body_limit_bytes=8192, is_signed=True),
    Route("POST", KEY_PATH, handlers.take_key, PUBLIC, api=ApiDoc("A node's next key (signed)"), body_limit_bytes=4096, is_signed=True),
]  # fmt: skip
