"""Routes of dunning, and of promises and disputes of an instalment."""

from branch_node.dunning import api, handlers
from shared.web.routing import Route

ROUTES = [
    Route("GET", "/dunning", handlers.show_list, "receivable.edit"),
    Route("POST", "/dunning/remind", handlers.remind, "receivable.edit"),
    Route("POST", "/dunning/notices/{id}/call", handlers.note_call, "receivable.edit"),
    Route("GET", "/dunning/levels", handlers.show_levels, "receivable.write_off"),
    Route("GET", "/dunning/levels/{id}", handlers.show_level, "receivable.write_off"),
    Route("POST", "/dunning/levels/{id}", handlers.change_level, "receivable.write_off"),
    Route("POST", "/receivables/{id}/promise", handlers.add_promise, "receivable.edit"),
    Route("POST", "/receivables/{id}/dispute", handlers.add_dispute, "receivable.edit"),
    Route("POST", "/receivables/{id}/settle", handlers.settle_dispute, "receivable.edit"),
    *api.ROUTES,
]
