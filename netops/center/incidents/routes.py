"""Routes of incidents."""

from netops.center.incidents import handlers
from shared.web.routing import Route

ROUTES = [
    Route("GET", "/incidents", handlers.show_list, "node.view"),
    Route("GET", "/live/incidents", handlers.list_stream, "node.view"),
    Route("GET", "/incidents/{number:int}", handlers.show, "node.view"),
    Route("GET", "/incidents/{number:int}/live", handlers.stream, "node.view"),
    Route("GET", "/incidents/{number:int}/timeline.csv", handlers.timeline_csv, "node.view"),
    Route("GET", "/incidents/{number:int}/timeline.md", handlers.timeline_text, "node.view"),
    Route("POST", "/incidents/{number:int}/acknowledge", handlers.acknowledge, "node.control"),
    Route("POST", "/incidents/{number:int}/assign", handlers.assign, "node.control"),
    Route("POST", "/incidents/{number:int}/snooze", handlers.snooze, "node.control"),
    Route("POST", "/incidents/{number:int}/escalate", handlers.escalate, "node.control"),
    Route("POST", "/incidents/{number:int}/note", handlers.note, "node.control"),
]
