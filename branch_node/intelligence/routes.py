"""Routes of market notes."""

from branch_node.intelligence import handlers
from shared.web.routing import Route

ROUTES = [
    Route("GET", "/intel", handlers.show_list, "intel.view"),
    Route("POST", "/intel", handlers.add_line, "intel.edit"),
    Route("GET", "/intel/{id}", handlers.show_note, "intel.view"),
    Route("POST", "/intel/{id}", handlers.change_note, "intel.edit"),
    Route("POST", "/intel/{id}/take-back", handlers.take_back, "intel.edit"),
]
