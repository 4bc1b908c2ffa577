"""Forms of the month page."""

from typing import Annotated

from pydantic import StringConstraints

from shared.web.forms import FormModel


class MonthForm(FormModel):
    """Which month."""

    month: Annotated[str, StringConstraints(max_length=7)] = ""
