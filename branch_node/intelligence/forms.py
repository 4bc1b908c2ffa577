"""Forms of market notes."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from shared.web.forms import Day, FormModel, LongText, Picked


class LineForm(FormModel):
    """A note in one line."""

    line: Annotated[str, StringConstraints(min_length=1, max_length=400)]
    kind: Literal["industry", "competitor"] = "industry"


class NoteForm(FormModel):
    """A note field by field."""

    kind: Literal["industry", "competitor"] = "industry"
    title: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    text: LongText = ""
    source: Annotated[str, StringConstraints(max_length=300)] = ""
    competitor: Annotated[str, StringConstraints(max_length=120)] = ""
    customer_id: Picked | None = None
    happened_on: Day | None = None


class ListForm(FormModel):
    """Filters of the list."""

    q: Annotated[str, StringConstraints(max_length=80)] = ""
    kind: Annotated[str, StringConstraints(max_length=16)] = ""
