"""The form of a directive."""

from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from starlette.datastructures import UploadFile

from shared.i18n import N_
from shared.vocabulary import DIRECTIVE_KINDS
from shared.web.forms import Day, FormModel, LongText, wrong_entry


def _kind(value: object) -> object:
    if value not in DIRECTIVE_KINDS:
        raise wrong_entry(N_("Choose one from the list."))
    return value


class DirectiveForm(FormModel):
    """A directive as typed. `branches` are codes, with "*" for the whole company; `document` is an attached file."""

    title: str = Field(min_length=1, max_length=200)
    kind: Annotated[str, BeforeValidator(_kind)] = "decision"
    body: LongText = ""
    deadline_on: Day | None = None
    branches: list[str] = Field(default_factory=list)
    document: Any = None

    @property
    def upload(self) -> UploadFile | None:
        """The attached file, None when none was chosen."""
        return self.document if isinstance(self.document, UploadFile) else None


class UnitForm(FormModel):
    """One more recipient: a branch, department or person as its code."""

    unit: str = Field(min_length=1, max_length=60)


def is_past(deadline_on: date | None, today: date) -> bool:
    """Whether a deadline lies before today."""
    return deadline_on is not None and deadline_on < today
