"""Forms of receivables."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from branch_node.amounts import TypedAmount, amount_in
from shared.web.forms import Day, FormModel, Picked

Reason = Annotated[str, StringConstraints(min_length=2, max_length=300)]
Bucket = Literal["not_due", "1-30", "31-60", "61-90", "91+", "overdue"]


class FilterForm(FormModel):
    """What the list of receivables is narrowed to."""

    as_of: Day | None = None
    q: Annotated[str, StringConstraints(max_length=100)] = ""
    customer_id: Picked | None = None
    department_id: Picked | None = None
    bucket: Bucket | None = None
    currency: Annotated[str, StringConstraints(max_length=3)] = ""


class AdjustmentForm(FormModel):
    """A credit note or a write-off of one instalment, in its currency."""

    kind: Literal["credit", "write_off"]
    amount: TypedAmount
    happened_on: Day
    reason: Reason

    def amount_in(self, currency: str) -> int:
        """Minor units; Invalid at the field."""
        return amount_in(self.amount, currency)


class ReasonForm(FormModel):
    """Why something is taken back."""

    reason: Reason
