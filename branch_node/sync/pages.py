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
    conflicts: int = 0


@dataclass(frozen=True)
class DayClosePage:
    """sync/day_close.html: the ledgers of one day, and the days that were closed."""

    crumbs: Sequence[Crumb]
    scope: str
    lines: TableView
    days: TableView


@dataclass(frozen=True)
class ConflictsPage:
    """sync/conflicts.html: rows that changed on both sides; `sentence` is empty when none waits."""

    crumbs: Sequence[Crumb]
    sentence: str
    table: TableView


@dataclass(frozen=True)
class ConflictPage:
    """sync/conflict.html: both versions of a row; `may_choose` while it waits and the reader has the right."""

    title: str
    crumbs: Sequence[Crumb]
    url: str
    sentence: str
    table: TableView
    may_choose: bool
