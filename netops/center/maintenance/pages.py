"""What the template of maintenance receives."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.web.forms import Form
from shared.web.parts import Field


@dataclass(frozen=True)
class WindowLine:
    """A window: what it holds, whether it is on, when it begins or ends next."""

    id: UUID
    scope: str
    is_on: bool
    starts_at: datetime | None
    ends_at: datetime | None
    repeats: str
    """How often, in words; empty for once."""
    reason: str
    made_by: str


@dataclass(frozen=True)
class MaintenancePage:
    """/maintenance: what is on now, what comes, and the form of a new window or of the one that is changed."""

    windows: Sequence[WindowLine]
    form: Form[Any]
    fields: Sequence[Field]
    may_edit: bool
    title: str
    action: str
    """Where the form is sent."""
