"""Routes of expenses."""

from branch_node.expenses import api, files, handlers
from shared.web.routing import Route

ROUTES = [
    Route("GET", "/expenses", handlers.show_list, "expense.view"),
    Route("GET", "/expenses/new", handlers.new_expense, "expense.edit"),
    Route("POST", "/expenses", handlers.add_expense, "expense.edit"),
    Route("GET", "/expenses/{id}", handlers.show_expense, "expense.view"),
    Route("POST", "/expenses/{id}", handlers.change_expense, "expense.edit"),
    Route("GET", "/expenses/{id}/edit", handlers.edit_expense, "expense.edit"),
    Route("POST", "/expenses/{id}/submit", handlers.submit_expense, "expense.edit"),
    Route("POST", "/expenses/{id}/withdraw", handlers.withdraw_expense, "expense.edit"),
    Route("POST", "/expenses/{id}/pay", handlers.pay_expense, "expense.pay"),
    *files.ROUTES,
    *api.ROUTES,
]
