"""Forms of plans."""

from typing import Annotated

from pydantic import StringConstraints

from shared.web.forms import Day, FormModel, Picked


class LineForm(FormModel):
    """A typed line; `customer_id` is set when the typeahead chose one."""

    line: Annotated[str, StringConstraints(min_length=1, max_length=400)]
    customer_id: Picked | None = None


class ItemForm(FormModel):
    """An item edited field by field."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=300)]
    kind: Annotated[str, StringConstraints(pattern="^(visit|call|quote|collect|other)$")] = "other"
    at_time: Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] | None = None
    customer_id: Picked | None = None


class CloseForm(FormModel):
    """The note of the evening."""

    note: Annotated[str, StringConstraints(max_length=2000)] = ""


class CommentForm(FormModel):
    """What somebody says about a day."""

    comment: Annotated[str, StringConstraints(max_length=500)] = ""
    on: Day | None = None


class PeriodForm(FormModel):
    """From which day to which the progress of the team is counted."""

    from_on: Day | None = None
    to_on: Day | None = None


class ResultForm(FormModel):
    """What came of an item, and the record that proves it."""

    result: Annotated[str, StringConstraints(max_length=300)] = ""
    proof_kind: Annotated[str, StringConstraints(max_length=16)] = ""
    proof_id: Picked | None = None


class MoveForm(FormModel):
    """Before which item a line goes; empty: to the end. Or one step up or down."""

    before: Picked | None = None
    step: Annotated[str, StringConstraints(pattern="^(up|down)$")] | None = None


class AssignItemForm(FormModel):
    """An item put on somebody's plan."""

    line: Annotated[str, StringConstraints(min_length=1, max_length=400)]
    on: Day | None = None
