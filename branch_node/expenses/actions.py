"""What people do with expenses: enter, change, submit, withdraw, pay. Approval is decided in approvals."""

from typing import Any
from uuid import UUID

from branch_node import fiscal
from branch_node.approvals.actions import ask, void_requests
from branch_node.approvals.subjects import subject_from
from branch_node.customers.queries import standing_customer
from branch_node.editing import locked
from branch_node.expenses.forms import ExpenseForm, PayForm
from branch_node.expenses.queries import categories, expense_for
from branch_node.expenses.rules import EXPENSE
from branch_node.home import home, today
from branch_node.numbers import next_number
from shared import clock
from shared.database import transaction
from shared.errors import Invalid, Text
from shared.i18n import N_
from shared.permissions import Person, require
from shared.records import ApprovalRequest, Expense


async def enter_expense(person: Person, form: ExpenseForm) -> Expense:
    """Write a new draft of one's own. Invalid for a future day or an unknown category, Conflict for a closed period."""
    require(person, "expense.edit")
    columns = await _columns(person, form)
    async with transaction():
        return await Expense.create(
            branch=home().code,
            owner_id=person.id,
            department_id=person.department_id,
            number=await next_number("expense", "E"),
            **columns,
        )


async def _columns(person: Person, form: ExpenseForm) -> dict[str, Any]:
    if form.happened_on > today():
        raise Invalid(
            fields={"happened_on": N_("Money cannot be spent after today. Enter the day it was spent.")}
        )
    if form.category not in await categories():
        raise Invalid(fields={"category": N_("Choose one from the list.")})
    if form.customer_id is not None:
        await standing_customer(person, form.customer_id)
    amount = form.amount_minor
    await fiscal.require_open(form.happened_on)
    return {
        "category": form.category,
        "amount_minor": amount,
        "currency": form.currency,
        "happened_on": form.happened_on,
        "description": form.description,
        "customer_id": form.customer_id,
    }


async def change_expense(person: Person, expense_id: UUID, form: ExpenseForm) -> Expense:
    """Change a draft or a refused expense. Conflict in any other state, ChangedMeanwhile for another revision."""
    await expense_for(person, expense_id, "expense.edit")
    columns = await _columns(person, form)
    async with transaction():
        row = await locked(Expense, expense_id, form.revision)
        row.update_from_dict({**columns, "status": EXPENSE.target("edit", row.status, row.number)})
        await row.save()
        await void_requests("expense", row.id)
    return row


async def submit_expense(person: Person, expense_id: UUID) -> ApprovalRequest:
    """Put an expense before its approvers."""
    await expense_for(person, expense_id, "expense.edit")
    async with transaction():
        row = await locked(Expense, expense_id)
        await fiscal.require_open(row.happened_on)
        row.status = EXPENSE.target("submit", row.status, row.number)
        row.submitted_at, row.reject_reason = clock.now(), ""
        await row.save()
        return await ask(await subject_from("expense", row, person.id), person.id)


async def withdraw_expense(person: Person, expense_id: UUID) -> Expense:
    """Take a submitted expense back to draft."""
    await expense_for(person, expense_id, "expense.edit")
    async with transaction():
        row = await locked(Expense, expense_id)
        row.status = EXPENSE.target("withdraw", row.status, row.number)
        await row.save()
        await void_requests("expense", row.id)
    return row


async def pay_expense(person: Person, expense_id: UUID, form: PayForm) -> Expense:
    """Record that an approved expense was paid. Invalid for a future day or one before it was spent."""
    await expense_for(person, expense_id, "expense.pay")
    async with transaction():
        row = await locked(Expense, expense_id)
        status = EXPENSE.target("pay", row.status, row.number)
        if form.paid_on > today():
            raise Invalid(fields={"paid_on": N_("Nothing is paid after today. Enter the day it was paid.")})
        if form.paid_on < row.happened_on:
            message = N_("The money was spent on %(day)s. It is paid on that day or later.")
            raise Invalid(fields={"paid_on": Text(message, day=row.happened_on)})
        row.status, row.paid_on = status, form.paid_on
        await row.save()
    return row
