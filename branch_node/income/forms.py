"""Forms of the month page."""

from typing import Annotated

from pydantic import BaseModel, StringConstraints

from shared.web.forms import FormModel


class MonthForm(FormModel):
    """Which month."""

    month: Annotated[str, StringConstraints(max_length=7)] = ""


Reason = Annotated[str, StringConstraints(min_length=3, max_length=300)]


class ReopenForm(MonthForm):
    """Which closed month takes postings again, and why."""

    reason: Reason


class ReopenIn(BaseModel):
    """Why, in the JSON API; the month is in the address."""

    reason: Reason
