"""Routes of tasks."""

from branch_node.tasks import api, handlers
from shared.web.routing import Route

ROUTES = [
    Route("GET", "/tasks", handlers.show_list, "task.view"),
    Route("GET", "/tasks/new", handlers.new, "task.edit"),
    Route("POST", "/tasks", handlers.give, "task.edit"),
    Route("GET", "/tasks/{id}", handlers.show_one, "task.view"),
    Route("POST", "/tasks/{id}/accept", handlers.accept, "task.edit"),
    Route("POST", "/tasks/{id}/done", handlers.finish, "task.edit"),
    Route("POST", "/tasks/{id}/withdraw", handlers.withdraw, "task.edit"),
    Route("POST", "/tasks/{id}/reopen", handlers.reopen, "task.edit"),
    Route("POST", "/tasks/{id}/comment", handlers.comment, "task.edit"),
    *api.ROUTES,
]
