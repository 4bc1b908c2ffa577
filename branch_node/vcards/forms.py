"""Forms of business cards."""

from typing import Annotated

from pydantic import StringConstraints

from shared.web.forms import FormModel

TEXT_LIMIT = 400_000


class TakeForm(FormModel):
    """The cards that were read, and for each what becomes of it: `new`, `skip`, or the id of a customer."""

    cards: Annotated[str, StringConstraints(max_length=TEXT_LIMIT)] = ""
    choice: list[str] = []
