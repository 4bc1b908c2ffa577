"""Filters of the outbox."""

from typing import Annotated

from pydantic import StringConstraints

from shared.web.forms import FormModel


class ListForm(FormModel):
    """Which mails: a state (empty: all of them), a part of the address or name."""

    status: Annotated[str, StringConstraints(max_length=8)] = ""
    q: Annotated[str, StringConstraints(max_length=80)] = ""
