"""Routes of the calendar. The feed is public: its address is the secret, as calendar programs cannot sign in."""

from branch_node.calendar import handlers
from shared.web.routing import PUBLIC, Route

ROUTES = [
    Route("GET", "/calendar", handlers.show, "plan.view"),
    Route("POST", "/calendar", handlers.make, "plan.view"),
    Route("POST", "/calendar/end", handlers.end, "plan.view"),
    Route("GET", "/calendar/feed.ics", handlers.feed, PUBLIC),
]
