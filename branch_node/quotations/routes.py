"""Routes of quotes."""

from branch_node.quotations import api, handlers
from shared.web.routing import Route

ROUTES = [
    Route("GET", "/quotes", handlers.show_list, "quotation.view"),
    Route("GET", "/quotes/new", handlers.new_quotation, "quotation.edit"),
    Route("POST", "/quotes", handlers.add_quotation, "quotation.edit"),
    Route("GET", "/quotes/preview", handlers.preview, "quotation.edit"),
    Route("GET", "/quotes/{id}", handlers.show_quotation, "quotation.view"),
    Route("POST", "/quotes/{id}", handlers.change_quotation, "quotation.edit"),
    Route("GET", "/quotes/{id}/edit", handlers.edit_quotation, "quotation.edit"),
    Route("POST", "/quotes/{id}/submit", handlers.submit_quotation, "quotation.edit"),
    Route("POST", "/quotes/{id}/send", handlers.send_quotation, "quotation.edit"),
    Route("POST", "/quotes/{id}/round", handlers.begin_round, "quotation.edit"),
    Route("POST", "/quotes/{id}/accept", handlers.accept_quotation, "quotation.edit"),
    Route("POST", "/quotes/{id}/reject", handlers.reject_quotation, "quotation.edit"),
    *api.ROUTES,
]
