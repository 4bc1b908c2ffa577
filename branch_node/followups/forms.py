"""Forms of follow-ups; shared by the pages and the JSON API."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from shared.web.forms import AmountMinor, Day, FormModel, LongText, Picked, Tick, WholeNumber

Kind = Literal["visit", "call", "meeting", "mail", "message"]
Outcome = Literal["", "interested", "quote_wanted", "order_near", "no_need", "not_reached", "complaint"]
Subject = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class ActivityForm(FormModel):
    """A contact that was made, with the date of the next one. Without `happened_on`: today."""

    customer_id: Picked
    contact_id: Picked | None = None
    kind: Kind = "call"
    subject: Subject
    notes: LongText = ""
    outcome: Outcome = ""
    happened_on: Day | None = None
    next_on: Day | None = None
    next_kind: Kind | None = None
    next_subject: Annotated[str, StringConstraints(max_length=200)] = ""
    is_return_visit: Tick = False
    minutes: Annotated[WholeNumber, Field(ge=0, le=1440)] | None = None
    cost_minor: Annotated[AmountMinor, Field(ge=0)] = 0


class PlanForm(FormModel):
    """A contact to be made."""

    customer_id: Picked
    kind: Kind = "call"
    subject: Subject
    planned_on: Day
    is_return_visit: Tick = False


class DoneForm(FormModel):
    """What came of a planned contact."""

    kind: Kind | None = None
    notes: LongText = ""
    outcome: Outcome = ""
    happened_on: Day | None = None
    next_on: Day | None = None


class ListForm(FormModel):
    """Filters of the list."""

    q: Annotated[str, StringConstraints(max_length=80)] = ""
    kind: Annotated[str, StringConstraints(max_length=16)] = ""
    owner: Picked | None = None
    from_on: Day | None = None
    to_on: Day | None = None
