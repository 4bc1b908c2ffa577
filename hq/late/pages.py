"""What the template of late entries receives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.web.parts import Crumb, TableView


@dataclass(frozen=True)
class LatePage:
    """/late: the sentence that says what is listed, a moment to choose, the entries."""

    scope: str
    crumbs: Sequence[Crumb]
    sentence: str
    known_at: str
    keep: Mapping[str, str]
    table: TableView
