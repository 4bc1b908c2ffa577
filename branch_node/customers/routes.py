"""Routes of customers."""

from branch_node.customers import api, handlers, inline, moves, own_fields, people, target_pages
from shared.web.routing import Route

ROUTES = [
    Route("GET", "/customers", handlers.show_list, "customer.view"),
    Route("GET", "/customers/new", handlers.new_customer, "customer.edit"),
    Route("POST", "/customers", handlers.add_customer, "customer.edit"),
    Route("GET", "/customers/targets", target_pages.show_targets, "customer.view"),
    Route("GET", "/customers/pick", handlers.pick, "customer.view"),
    Route("GET", "/customers/duplicates", handlers.show_duplicates, "customer.edit"),
    Route("POST", "/customers/states", moves.set_states, "customer.edit"),
    Route("POST", "/customers/assign", moves.assign, "customer.assign"),
    Route("GET", "/customers/hand-overs", moves.show_hand_overs, "customer.assign"),
    Route("POST", "/customers/hand-overs/{id}/undo", moves.undo_hand_over, "customer.assign"),
    Route("GET", "/customers/hand-over", moves.ask_hand_over, "customer.assign"),
    Route("POST", "/customers/hand-over", moves.hand_over, "customer.assign"),
    Route("GET", "/customers/{id}", handlers.show_card, "customer.view"),
    Route("POST", "/customers/{id}", handlers.change_customer, "customer.edit"),
    Route("GET", "/customers/{id}/edit", handlers.edit_customer, "customer.edit"),
    Route("GET", "/customers/{id}/fields/{name}", inline.show_field, "customer.edit"),
    Route("POST", "/customers/{id}/fields/{name}", inline.save_field, "customer.edit"),
    Route("GET", "/customers/{id}/contacts/new", people.new_contact, "contact.edit"),
    Route("POST", "/customers/{id}/contacts", people.add_contact, "contact.edit"),
    Route("GET", "/customers/{id}/contacts/{contact}", people.edit_contact, "contact.edit"),
    Route("POST", "/customers/{id}/contacts/{contact}", people.change_contact, "contact.edit"),
    Route("POST", "/customers/{id}/contacts/{contact}/remove", people.remove_contact, "contact.edit"),
    Route("GET", "/customers/{id}/addresses/new", people.new_address, "customer.edit"),
    Route("POST", "/customers/{id}/addresses", people.add_address, "customer.edit"),
    Route("POST", "/customers/{id}/addresses/{address}/remove", people.remove_address, "customer.edit"),
    Route("GET", "/settings/fields", own_fields.show_fields, "settings.edit"),
    Route("POST", "/settings/fields", own_fields.add_field, "settings.edit"),
    Route("POST", "/settings/fields/{id}/toggle", own_fields.toggle_field, "settings.edit"),
    *api.ROUTES,
]
