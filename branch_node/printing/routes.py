"""Routes of papers that go to customers."""

from branch_node.printing import handlers
from shared.web.routing import Route

ROUTES = [
    Route("GET", "/orders/{id}/print", handlers.print_order, "order.view"),
    Route("GET", "/orders/{id}/pdf", handlers.order_pdf, "order.view"),
    Route("GET", "/quotes/{id}/print", handlers.print_quotation, "quotation.view"),
    Route("GET", "/quotes/{id}/pdf", handlers.quotation_pdf, "quotation.view"),
]
