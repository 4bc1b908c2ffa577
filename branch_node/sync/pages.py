"""What the template of /sync receives."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.web.parts import Crumb, TableView


@dataclass(frozen=True)
class SyncPage:
    """sync/show.html: the answer in a sentence, what waits, what came; `can_send` when there is a headquarters."""

    sentence: str
    tone: str
    note: str
    can_send: bool
    tables: Sequence[TableView]


@dataclass(frozen=True)
class DayClosePage:
    """sync/day_close.html: the ledgers of one day, and the days that were closed."""

    crumbs: Sequence[Crumb]
    scope: str
    lines: TableView
    days: TableView
