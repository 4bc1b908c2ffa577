"""The form that shares a view."""

from typing import Annotated, Literal

from pydantic import Field

from shared.web.forms import FormModel, Tick


class ShareForm(FormModel):
    """The view and for how many days; `is_public` also for people who do not sign in."""

    address: Annotated[str, Field(min_length=1, max_length=600)]
    days: Literal["1", "7", "30"]
    is_public: Tick = False
