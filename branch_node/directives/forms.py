"""Forms of directives."""

from typing import Annotated

from pydantic import StringConstraints

from shared.web.forms import FormModel


class StepForm(FormModel):
    """What a recipient reports with it."""

    note: Annotated[str, StringConstraints(max_length=500)] = ""
