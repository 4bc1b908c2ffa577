"""Filters of the news."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from shared.web.forms import FormModel


class ListForm(FormModel):
    """Where news come from (empty: everywhere), and a part of the text."""

    origin: Literal["", "hq", "own"] = ""
    q: Annotated[str, StringConstraints(max_length=80)] = ""
