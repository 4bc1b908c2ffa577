"""Forms of feedback."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from shared.web.forms import Day, FormModel, LongText, Picked


class FeedbackForm(FormModel):
    """What a customer told us."""

    customer_id: Picked | None = None
    kind: Literal["complaint", "suggestion", "question", "praise", "comment"] = "comment"
    level: Literal["high", "normal", "low"] = "normal"
    subject: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    text: LongText = ""
    happened_on: Day | None = None


class LineForm(FormModel):
    """A feedback in one line."""

    line: Annotated[str, StringConstraints(min_length=1, max_length=400)]


class AssignForm(FormModel):
    """Who takes care of it."""

    to_id: Picked


class AnswerForm(FormModel):
    """What the customer was answered."""

    answer: Annotated[str, StringConstraints(min_length=1, max_length=4000)]


class ListForm(FormModel):
    """Filters of the list."""

    q: Annotated[str, StringConstraints(max_length=80)] = ""
    kind: Annotated[str, StringConstraints(max_length=24)] = ""
    status: Annotated[str, StringConstraints(max_length=16)] = ""
