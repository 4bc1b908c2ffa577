"""Routes of receivables."""

from branch_node.receivables import api, handlers
from shared.web.routing import Route

ROUTES = [
    Route("GET", "/receivables", handlers.show_list, "receivable.view"),
    Route("GET", "/receivables/customers/{id}", handlers.show_customer, "receivable.view"),
    Route("GET", "/receivables/{id}", handlers.show_receivable, "receivable.view"),
    Route("POST", "/receivables/{id}/adjust", handlers.adjust, "receivable.write_off"),
    Route("GET", "/receivables/adjustments/{id}/reverse", handlers.ask_reverse, "receivable.write_off"),
    Route("POST", "/receivables/adjustments/{id}/reverse", handlers.reverse, "receivable.write_off"),
    *api.ROUTES,
]
