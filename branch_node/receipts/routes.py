"""Routes of receipts."""

from branch_node.receipts import api, handlers
from shared.web.routing import Route

ROUTES = [
    Route("GET", "/receipts", handlers.show_list, "receipt.view"),
    Route("GET", "/receipts/new", handlers.new_receipt, "receipt.record"),
    Route("POST", "/receipts", handlers.add_receipt, "receipt.record"),
    Route("GET", "/receipts/check", handlers.check, "receipt.record"),
    Route("GET", "/receipts/{id}", handlers.show_receipt, "receipt.view"),
    Route("GET", "/receipts/{id}/check", handlers.check_rest, "allocation.edit"),
    Route("POST", "/receipts/{id}/allocate", handlers.allocate, "allocation.edit"),
    Route("POST", "/receipts/allocations/{id}/take-back", handlers.take_back, "allocation.edit"),
    Route("GET", "/receipts/{id}/reverse", handlers.ask_reverse, "receipt.reverse"),
    Route("POST", "/receipts/{id}/reverse", handlers.reverse, "receipt.reverse"),
    *api.ROUTES,
]
