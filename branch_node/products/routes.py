"""Routes of products."""

from branch_node.products import api, handlers
from shared.web.routing import Route

ROUTES = [
    Route("GET", "/products", handlers.show_list, "product.view"),
    Route("GET", "/products/new", handlers.new_product, "product.edit"),
    Route("POST", "/products", handlers.add_product, "product.edit"),
    Route("GET", "/products/pick", handlers.pick, "product.view"),
    Route("GET", "/products/{id}", handlers.show_product, "product.view"),
    Route("POST", "/products/{id}", handlers.change_product, "product.edit"),
    Route("GET", "/products/{id}/edit", handlers.edit_product, "product.edit"),
    Route("POST", "/products/{id}/prices", handlers.add_price, "product.edit"),
    Route("POST", "/products/{id}/prices/{price}/remove", handlers.remove_price, "product.edit"),
    *api.ROUTES,
]
