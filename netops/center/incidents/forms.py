"""What people type about an incident."""

from pydantic import Field

from shared.web.forms import FormModel, WholeNumber


class AssignForm(FormModel):
    to: str = Field(min_length=1, max_length=80)


class SnoozeForm(FormModel):
    hours: WholeNumber = Field(ge=1, le=168)
    reason: str = Field(min_length=3, max_length=500)


class NoteForm(FormModel):
    text: str = Field(min_length=1, max_length=2_000)


class EscalateForm(FormModel):
    reason: str = Field(min_length=3, max_length=500)
