"""Filters of the audit trail."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from shared.web.forms import Day, FormModel, Picked


class ListForm(FormModel):
    """What is shown: acts, or changes of records; by whom, of which kind of record or act, between which days."""

    which: Literal["changes", "acts"] = "changes"
    person_id: Picked | None = None
    kind: Annotated[str, StringConstraints(max_length=48)] = ""
    from_on: Day | None = None
    until_on: Day | None = None
