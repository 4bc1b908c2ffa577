"""Expenses in the JSON API: list, one, create."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from branch_node.api import PAGE_SCHEMA, ROW_SCHEMA, money, page_of, read_json, with_query_form
from branch_node.expenses import actions, queries
from branch_node.expenses.forms import ExpenseForm, ExpenseIn, FilterForm, PayForm
from branch_node.expenses.handlers import filter_of
from branch_node.home import home
from branch_node.lists import paging
from branch_node.requests import path_id
from shared.money import Money
from shared.records import Expense
from shared.web.responses import json_answer
from shared.web.routing import ApiDoc, Route

TAKEN = (
    "id", "branch", "revision", "number", "owner_id", "department_id", "category", "happened_on", "status",
    "description", "customer_id", "approved_on", "paid_on", "reject_reason",
)  # fmt: skip


def expense_json(row: Expense) -> dict[str, Any]:
    """An expense; its base amount once it is approved."""
    base = money(Money(row.base_minor, home().currency)) if row.approved_on else None
    return {
        **{name: getattr(row, name) for name in TAKEN},
        "amount": money(Money(row.amount_minor, row.currency)),
        "base": base,
    }


async def list_expenses(request: Request) -> Response:
    asked = with_query_form(request, FilterForm)
    pages = paging(request.query_params, queries.SORTS, "-happened_on")
    cut = await queries.expenses_page(request.state.person, filter_of(asked), pages)
    rows = [
        {
            "id": row.id,
            "number": row.number,
            "happened_on": row.happened_on,
            "category": row.category,
            "description": row.description,
            "spent_by": row.owner,
            "amount": money(row.amount),
            "status": row.status,
        }
        for row in cut.rows
    ]
    return page_of(rows, cut)


async def show_expense(request: Request) -> Response:
    return json_answer(expense_json(await queries.expense_for(request.state.person, path_id(request))))


async def create_expense(request: Request) -> Response:
    body = await read_json(request, ExpenseIn)
    row = await actions.enter_expense(request.state.person, ExpenseForm(**body.model_dump()))
    return json_answer(expense_json(row), status=201)


async def submit_expense(request: Request) -> Response:
    await actions.submit_expense(request.state.person, path_id(request))
    return await show_expense(request)


async def withdraw_expense(request: Request) -> Response:
    return json_answer(expense_json(await actions.withdraw_expense(request.state.person, path_id(request))))


async def pay_expense(request: Request) -> Response:
    body = await read_json(request, PayForm)
    return json_answer(expense_json(await actions.pay_expense(request.state.person, path_id(request), body)))


ROUTES = [
    Route(
        "GET", "/api/v1/expenses", list_expenses, "expense.view",
        api=ApiDoc("Expenses within reach, page by page.", query=FilterForm, response=PAGE_SCHEMA),
    ),
    Route(
        "POST", "/api/v1/expenses", create_expense, "expense.edit",
        api=ApiDoc(
            "Enter an expense of one's own as a draft.", body=ExpenseIn, response=ROW_SCHEMA, status=201,
            errors=(409, 422),
        ),
    ),
    Route(
        "GET", "/api/v1/expenses/{id}", show_expense, "expense.view",
        api=ApiDoc("One expense.", response=ROW_SCHEMA, errors=(404,)),
    ),
    Route(
        "POST", "/api/v1/expenses/{id}/submit", submit_expense, "expense.edit",
        api=ApiDoc("Submit an expense for approval.", response=ROW_SCHEMA, errors=(404, 409)),
    ),
    Route(
        "POST", "/api/v1/expenses/{id}/withdraw", withdraw_expense, "expense.edit",
        api=ApiDoc("Take a submitted expense back to draft.", response=ROW_SCHEMA, errors=(404, 409)),
    ),
    Route(
        "POST", "/api/v1/expenses/{id}/pay", pay_expense, "expense.pay",
        api=ApiDoc("Record that an expense was paid.", body=PayForm, response=ROW_SCHEMA, errors=(404, 409, 422)),
    ),
]  # fmt: skip
