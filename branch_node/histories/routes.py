"""Route of histories: whoever may see a record may see who changed it, which the handler checks by its kind."""

from branch_node.histories import handlers
from shared.web.routing import SIGNED_IN, Route

ROUTES = [Route("GET", "/history/{kind}/{id}", handlers.show_history, SIGNED_IN)]
