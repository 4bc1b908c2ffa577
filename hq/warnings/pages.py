"""What the template of warnings receives."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.web.parts import Tab


@dataclass(frozen=True)
class WarningRow:
    """A warning in words, with what may be done."""

    id: str
    text: str
    url: str
    severity: int
    seen_at: datetime
    cleared_at: datetime | None
    acknowledged: str
    acknowledged_at: datetime | None
    assigned_to: str
    is_false_alarm: bool


@dataclass(frozen=True)
class WarningsPage:
    """/warnings"""

    scope: str
    regions: Sequence[Tab]
    tabs: Sequence[Tab]
    rows: Sequence[WarningRow]
    is_open: bool
    checked_at: datetime | None
    export_url: str
    next_url: str
    previous_url: str
