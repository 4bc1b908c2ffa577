"""Routes of opportunities."""

from branch_node.opportunities import api, boards, handlers
from shared.web.routing import Route

ROUTES = [
    Route("GET", "/opportunities", boards.show_board, "opportunity.view"),
    Route("GET", "/opportunities/list", boards.show_list, "opportunity.view"),
    Route("GET", "/opportunities/new", handlers.new, "opportunity.edit"),
    Route("POST", "/opportunities", handlers.add, "opportunity.edit"),
    Route("GET", "/opportunities/{id}", handlers.show, "opportunity.view"),
    Route("POST", "/opportunities/{id}", handlers.change, "opportunity.edit"),
    Route("GET", "/opportunities/{id}/edit", handlers.edit, "opportunity.edit"),
    Route("POST", "/opportunities/{id}/move", handlers.move, "opportunity.edit"),
    Route("POST", "/opportunities/{id}/order", handlers.order, "opportunity.edit"),
    Route("POST", "/opportunities/{id}/won", handlers.win, "opportunity.edit"),
    Route("GET", "/opportunities/{id}/lost", handlers.ask_lost, "opportunity.edit"),
    Route("POST", "/opportunities/{id}/lost", handlers.lose, "opportunity.edit"),
    Route("POST", "/opportunities/{id}/reopen", handlers.reopen, "opportunity.edit"),
    Route("POST", "/opportunities/{id}/take-back", handlers.take_back, "opportunity.edit"),
    *api.ROUTES,
]
