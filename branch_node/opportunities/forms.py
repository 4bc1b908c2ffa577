"""Forms of opportunities."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from branch_node.amounts import TypedPrice
from shared.web.forms import CurrencyCode, Day, FormModel, LongText, Picked, WholeNumber

Stage = Literal["qualify", "needs", "proposal", "negotiation"]
Reason = Literal["price", "competitor", "delivery", "no_budget", "cancelled", "no_answer", "other"]
T120 = Annotated[str, StringConstraints(max_length=120)]


class OpportunityForm(FormModel):
    """A chance to sell. The amount is read in its currency (none: the branch's); without a probability the stage's own is assumed."""

    customer_id: Picked
    title: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    stage: Stage = "qualify"
    currency: CurrencyCode | None = None
    amount: TypedPrice = "0"
    probability_percent: Annotated[WholeNumber, Field(ge=0, le=100)] | None = None
    expected_on: Day | None = None
    competitor: T120 = ""
    notes: LongText = ""
    owner_id: Picked | None = None
    revision: WholeNumber | None = None


class MoveForm(FormModel):
    """To which stage, and before which one on the board (empty: to the end)."""

    stage: Literal["qualify", "needs", "proposal", "negotiation", "won", "lost"]
    before: Picked | None = None


class StageForm(FormModel):
    """Among the open stages, and before which one of it (empty: to the end)."""

    stage: Stage
    before: Picked | None = None


class OrderForm(FormModel):
    """One step up or down in its column."""

    step: Literal["up", "down"]


class LostForm(FormModel):
    """Why it was lost and to whom."""

    reason: Reason
    competitor: T120 = ""
    notes: LongText = ""


class ListForm(FormModel):
    """Filters of the list and of the board."""

    q: Annotated[str, StringConstraints(max_length=80)] = ""
    stage: Literal["", "open", "qualify", "needs", "proposal", "negotiation", "won", "lost"] = "open"
    owner: Picked | None = None
    customer: Picked | None = None
    overdue: Literal["", "1"] = ""
    expected_from: Day | None = None
    expected_to: Day | None = None
