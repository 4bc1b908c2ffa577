"""Routes of staff, departments and roles."""

from branch_node.staff import api, handlers, organisation
from shared.web.routing import Route

ROUTES = [
    Route("GET", "/staff", handlers.show_list, "staff.view"),
    Route("GET", "/staff/new", handlers.new, "staff.edit"),
    Route("POST", "/staff", handlers.add, "staff.edit"),
    Route("GET", "/staff/pick", handlers.pick, "staff.view"),
    Route("GET", "/staff/{id}", handlers.show, "staff.view"),
    Route("POST", "/staff/{id}", handlers.change, "staff.edit"),
    Route("POST", "/staff/{id}/move", handlers.move, "staff.edit"),
    Route("POST", "/staff/{id}/roles", handlers.set_roles, "role.edit"),
    Route("POST", "/staff/{id}/deputies", handlers.name_deputy, "staff.view"),
    Route("POST", "/staff/deputies/{deputy}/end", handlers.end_deputy, "staff.view"),
    Route("GET", "/staff/{id}/leave", handlers.ask_leave, "staff.edit"),
    Route("POST", "/staff/{id}/leave", handlers.leave, "staff.edit"),
    Route("POST", "/staff/{id}/return", handlers.come_back, "staff.edit"),
    Route("POST", "/staff/{id}/account", handlers.create_account, "staff.edit"),
    Route("POST", "/staff/{id}/password", handlers.set_password, "staff.edit"),
    Route("POST", "/staff/{id}/account/disable", handlers.disable_account, "staff.edit"),
    Route("POST", "/staff/{id}/account/enable", handlers.enable_account, "staff.edit"),
    Route("POST", "/staff/{id}/account/company/unlink", handlers.unlink_company, "staff.edit"),
    Route("POST", "/staff/{id}/account/company/allow", handlers.allow_company, "staff.edit"),
    Route("GET", "/departments", organisation.show_departments, "staff.view"),
    Route("GET", "/departments/new", organisation.new_department, "staff.edit"),
    Route("POST", "/departments", organisation.add_department, "staff.edit"),
    Route("GET", "/departments/{id}", organisation.edit_department, "staff.edit"),
    Route("POST", "/departments/{id}", organisation.change_department, "staff.edit"),
    Route("GET", "/roles", organisation.show_roles, "role.view"),
    Route("POST", "/roles", organisation.add_role, "role.edit"),
    Route("GET", "/roles/{code}", organisation.show_role, "role.view"),
    Route("POST", "/roles/{code}", organisation.set_grants, "role.edit"),
    *api.ROUTES,
]
