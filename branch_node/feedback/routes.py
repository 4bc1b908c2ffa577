"""Routes of feedback."""

from branch_node.feedback import api, handlers
from shared.web.routing import Route

ROUTES = [
    Route("GET", "/feedback", handlers.show_list, "feedback.view"),
    Route("GET", "/feedback/new", handlers.new, "feedback.edit"),
    Route("POST", "/feedback/line", handlers.add_line, "feedback.edit"),
    Route("POST", "/feedback", handlers.enter, "feedback.edit"),
    Route("GET", "/feedback/{id}", handlers.show_one, "feedback.view"),
    Route("POST", "/feedback/{id}/assign", handlers.assign, "feedback.handle"),
    Route("POST", "/feedback/{id}/answer", handlers.answer, "feedback.edit"),
    Route("POST", "/feedback/{id}/close", handlers.close, "feedback.handle"),
    Route("POST", "/feedback/{id}/reopen", handlers.reopen, "feedback.handle"),
    *api.ROUTES,
]
