"""Routes of what the branch decided about selling."""

from branch_node.policies import api, handlers
from shared.web.routing import Route

ROUTES = [
    Route("GET", "/settings/selling", handlers.show_policies, "settings.edit"),
    Route("POST", "/settings/selling/rules", handlers.add_rule, "settings.edit"),
    Route("POST", "/settings/selling/steps", handlers.add_step_kind, "settings.edit"),
    Route("POST", "/settings/selling/categories", handlers.add_category, "settings.edit"),
    Route("POST", "/settings/selling/{kind}/{id}/switch", handlers.switch, "settings.edit"),
    *api.ROUTES,
]
