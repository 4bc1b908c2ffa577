"""What people type about an incident."""

from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator, Field

from shared.i18n import N_
from shared.web.forms import FormModel, WholeNumber, wrong_entry
from shared.web.reader import reader_zone


def read_moment(value: object) -> datetime:
    """'2026-11-28 14:05' or '2026-11-28T14:05', in the reader's zone."""
    text = str(value).strip().replace("T", " ").replace("/", "-")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise wrong_entry(N_("Write day and time as 2026-11-28 14:05.")) from None
    return moment.replace(tzinfo=reader_zone()) if moment.tzinfo is None else moment


Moment = Annotated[datetime, BeforeValidator(read_moment)]


class AssignForm(FormModel):
    to: str = Field(min_length=1, max_length=80)


class SnoozeForm(FormModel):
    hours: WholeNumber = Field(ge=1, le=168)
    reason: str = Field(min_length=3, max_length=500)


class NoteForm(FormModel):
    text: str = Field(min_length=1, max_length=2_000)


class EscalateForm(FormModel):
    reason: str = Field(min_length=3, max_length=500)
