"""What the template of recoveries receives."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.web.parts import Tab, TableView


@dataclass(frozen=True)
class RecoveryPage:
    """/recovery: how many and how fast, crash loops that are open, then every attempt."""

    tabs: Sequence[Tab]
    sentence: str
    loops: TableView
    table: TableView
