"""What the templates of day close receive."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from shared.web.parts import Crumb, TableView


@dataclass(frozen=True)
class DayClosePage:
    """One day: the sentence that sums it up, days before and after, and the table (branches, ledgers or rows); for a line `found`,
    its rows that differed, with what was on either side."""

    title: str
    scope: str
    crumbs: Sequence[Crumb]
    day: date
    previous_url: str
    next_url: str
    sentence: str
    tone: str
    table: TableView
    hint: str = ""
    found: TableView | None = None
    found_hint: str = ""
