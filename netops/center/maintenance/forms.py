"""What people type about a maintenance window."""

from typing import Literal

from pydantic import Field

from shared.web.forms import FormModel, Instant


class PlaceForm(FormModel):
    """`scope` is "all", "branch" or "node"; `name` the branch or node."""

    scope: Literal["all", "branch", "node"] = "node"
    name: str = Field("", max_length=64)


class TimesForm(FormModel):
    """From when to when, and how often again."""

    starts_at: Instant
    ends_at: Instant
    repeats: Literal["", "daily", "weekly", "monthly"] = ""


class WindowForm(PlaceForm, TimesForm):
    """A window with the reason for it."""

    reason: str = Field(min_length=3, max_length=300)
