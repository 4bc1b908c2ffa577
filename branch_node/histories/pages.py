"""What the template of a history receives."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.web.parts import AuditRow


@dataclass(frozen=True)
class HistoryPage:
    """histories/history.html: the edits of one record, newest first."""

    title: str
    url: str
    kind: str
    rows: Sequence[AuditRow]
