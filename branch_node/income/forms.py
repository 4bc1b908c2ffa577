"""Forms of the month page."""

from typing import Annotated

from pydantic import StringConstraints

from shared.web.forms import FormModel


class MonthForm(FormModel):
    """Which month."""

    month: Annotated[str, StringConstraints(max_length=7)] = ""


class PeriodForm(FormModel):
    """The period to close or reopen."""

    code: Annotated[str, StringConstraints(min_length=4, max_length=16)]
