"""Forms of expenses, for pages and the JSON API alike."""

from typing import Annotated, Literal

from pydantic import BaseModel, StringConstraints

from branch_node.amounts import TypedAmount, amount_in
from shared.web.forms import CurrencyCode, Day, FormModel, PeriodText, Picked, WholeNumber

Status = Literal["draft", "submitted", "approved", "rejected", "paid", "counted"]


class ExpenseForm(FormModel):
    """Money spent, on the day it was spent."""

    category: Annotated[str, StringConstraints(min_length=1, max_length=32)]
    currency: CurrencyCode
    amount: TypedAmount
    happened_on: Day
    description: Annotated[str, StringConstraints(min_length=1, max_length=300)]
    customer_id: Picked | None = None
    revision: WholeNumber | None = None

    @property
    def amount_minor(self) -> int:
        """Invalid at the field when it is no amount of the currency."""
        return amount_in(self.amount, self.currency)


class PayForm(FormModel):
    """When it was paid."""

    paid_on: Day


class FilterForm(FormModel):
    """What the list is narrowed to; `counted` are approved and paid ones, those in the figures."""

    q: Annotated[str, StringConstraints(max_length=100)] = ""
    status: Status | None = None
    category: Annotated[str, StringConstraints(max_length=32)] = ""
    department_id: Picked | None = None
    owner_id: Picked | None = None
    period: PeriodText = ""


class ExpenseIn(BaseModel):
    """An expense as the JSON API takes it; the amount is a decimal string in `currency`."""

    category: Annotated[str, StringConstraints(min_length=1, max_length=32)]
    currency: CurrencyCode
    amount: TypedAmount
    happened_on: Day
    description: Annotated[str, StringConstraints(min_length=1, max_length=300)]
    customer_id: Picked | None = None
