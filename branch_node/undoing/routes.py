"""Route of undo; the right is that of changing what is taken back, which the action asks for."""

from branch_node.undoing import handlers
from shared.web.routing import SIGNED_IN, Route

ROUTES = [Route("POST", "/undo/{table}/{id}/{revision}", handlers.take_back, SIGNED_IN)]
