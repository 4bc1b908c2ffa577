"""Routes of orders."""

from branch_node.orders import api, handlers
from shared.web.routing import Route

ROUTES = [
    Route("GET", "/orders", handlers.show_list, "order.view"),
    Route("GET", "/orders/new", handlers.new_order, "order.edit"),
    Route("POST", "/orders", handlers.add_order, "order.edit"),
    Route("GET", "/orders/preview", handlers.preview, "order.edit"),
    Route("GET", "/orders/{id}", handlers.show_order, "order.view"),
    Route("POST", "/orders/{id}", handlers.change_order, "order.edit"),
    Route("GET", "/orders/{id}/edit", handlers.edit_order, "order.edit"),
    Route("POST", "/orders/{id}/submit", handlers.submit_order, "order.submit"),
    Route("POST", "/orders/{id}/withdraw", handlers.withdraw_order, "order.submit"),
    Route("POST", "/orders/{id}/ship", handlers.ship_order, "order.ship"),
    Route("POST", "/orders/{id}/complete", handlers.complete_order, "order.edit"),
    Route("GET", "/orders/{id}/cancel", handlers.ask_cancel, "order.cancel"),
    Route("POST", "/orders/{id}/cancel", handlers.cancel_order, "order.cancel"),
    Route("POST", "/orders/{id}/steps", handlers.add_step, "order.edit"),
    Route("POST", "/orders/{id}/steps/{step}", handlers.set_step, "order.edit"),
    Route("POST", "/orders/{id}/steps/{step}/move", handlers.move_step, "order.edit"),
    *api.ROUTES,
]
