"""Forms of tasks."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from shared.web.forms import Day, FormModel, LongText, Picked


class TaskForm(FormModel):
    """Work for somebody; without `employee_id` for oneself."""

    employee_id: Picked | None = None
    title: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    details: LongText = ""
    customer_id: Picked | None = None
    due_on: Day | None = None


class CommentForm(FormModel):
    """What came of it, or why it is withdrawn."""

    comment: LongText = ""


class ViewForm(FormModel):
    """Which tasks: one's own open ones, open ones that one gave, open ones within reach, finished ones."""

    view: Literal["mine", "given", "team", "finished"] = "mine"
