"""Forms of dunning: promises, disputes, levels, which instalments to remind of now."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from branch_node.amounts import AmountOrNone, amount_in
from branch_node.bulk import BulkForm
from shared.web.forms import Day, FormModel, LongText, ShortText, Tick, WholeNumber


class PromiseForm(FormModel):
    """By when a customer will pay, and how much (empty: all that remains)."""

    promised_on: Day
    amount: AmountOrNone = ""

    def amount_in(self, currency: str) -> int:
        """Minor units; Invalid at the field."""
        return amount_in(self.amount, currency)


class DisputeForm(FormModel):
    """Why a customer does not accept what is due."""

    reason: Annotated[str, StringConstraints(min_length=2, max_length=300)]


class LevelForm(FormModel):
    """A level's day and texts."""

    days_past_due: Annotated[WholeNumber, Field(ge=-60, le=720)]
    subject: ShortText
    body: Annotated[str, StringConstraints(min_length=1, max_length=4000)]
    subject_en: Annotated[str, StringConstraints(max_length=200)] = ""
    body_en: LongText = ""
    active: Tick = False
    revision: WholeNumber | None = None


class RemindForm(BulkForm):
    """Which instalments."""

    ids: Annotated[list[UUID], Field(min_length=1, max_length=200)]


class RemindIn(BaseModel):
    """Which instalments, in the JSON API."""

    ids: Annotated[list[UUID], Field(min_length=1, max_length=200)]
