"""Forms of receipts, for pages and the JSON API alike."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from branch_node.amounts import TypedAmount, amount_in
from shared.web.forms import CurrencyCode, Day, FormModel, PeriodText, Picked, Tick

Reference = Annotated[str, StringConstraints(max_length=80)]
Method = Literal["bank", "cash", "cheque", "card", "draft", "other"]
ModeWord = Literal["oldest", "exact", "by_hand", "none"]


class ReceiptForm(FormModel):
    """Money that came in; without a currency it is the customer's. The boxes named part_<instalment id> are read
    by `receipts.handlers`."""

    customer_id: Picked
    currency: CurrencyCode | None = None
    amount: TypedAmount
    happened_on: Day
    method: Method = "bank"
    reference: Reference = ""
    mode: ModeWord = "oldest"
    notes: Annotated[str, StringConstraints(max_length=2000)] = ""
    anyway: Tick = False

    def amount_in(self, currency: str) -> int:
        """Minor units; Invalid at the field when it is no amount of the currency."""
        return amount_in(self.amount, currency)


class ReverseForm(FormModel):
    """Why a receipt or an allocation is taken back."""

    reason: Annotated[str, StringConstraints(min_length=2, max_length=300)]


class FilterForm(FormModel):
    """What the list of receipts is narrowed to; with `period` exactly the rows behind the figure of that period."""

    q: Annotated[str, StringConstraints(max_length=100)] = ""
    from_on: Day | None = None
    until_on: Day | None = None
    status: Literal["posted", "reversed", "unallocated"] | None = None
    customer_id: Picked | None = None
    department_id: Picked | None = None
    period: PeriodText = ""


class PartIn(BaseModel):
    """An instalment and the amount of the receipt for it, as a decimal string."""

    receivable_id: Picked
    amount: TypedAmount


class ReceiptIn(BaseModel):
    """A receipt as the JSON API takes it; amounts are decimal strings in `currency` (empty: the customer's)."""

    customer_id: Picked
    currency: CurrencyCode | None = None
    amount: TypedAmount
    happened_on: Day
    method: Method = "bank"
    reference: Reference = ""
    notes: Annotated[str, StringConstraints(max_length=2000)] = ""
    mode: ModeWord = "oldest"
    parts: Annotated[list[PartIn], Field(max_length=500)] = []


class AllocateIn(BaseModel):
    """Instalments that a receipt pays from what is left of it; without parts the mode proposes them."""

    mode: ModeWord = "by_hand"
    parts: Annotated[list[PartIn], Field(max_length=500)] = []
