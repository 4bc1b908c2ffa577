"""What the template of /sync receives."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.web.parts import TableView


@dataclass(frozen=True)
class SyncPage:
    """sync/show.html: the answer in a sentence, what waits, what came; `can_send` when there is a headquarters."""

    sentence: str
    tone: str
    note: str
    can_send: bool
    tables: Sequence[TableView]
