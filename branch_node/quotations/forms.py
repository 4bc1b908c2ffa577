"""Forms of quotes; lines are those of orders."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from branch_node.orders.forms import DocumentForm
from shared.web.forms import Day, FormModel, Picked


class QuotationForm(DocumentForm):
    """A quote. `opportunity_id` is the opportunity it comes of, if it comes of one."""

    opportunity_id: Picked | None = None
    valid_until_on: Day | None = None
    terms: Annotated[str, StringConstraints(max_length=4000)] = ""


class FilterForm(FormModel):
    """What the list is narrowed to."""

    q: Annotated[str, StringConstraints(max_length=100)] = ""
    status: Literal["draft", "sent", "accepted", "rejected", "expired", "superseded"] | None = None
    customer_id: Picked | None = None
