"""What the templates of branches receive."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from hq.asking import Span
from hq.frame.page import FreshnessLine
from shared.web.parts import Crumb, Figure, TableView, Watermark


@dataclass(frozen=True)
class BranchesPage:
    """/branches: can I trust the numbers?"""

    freshness: FreshnessLine
    table: TableView
    aligned_at: datetime | None


@dataclass(frozen=True)
class BranchPage:
    """/branches/{code}: the branch's own overview. `waiting` None: not known, the branch is not heard."""

    code: str
    name: str
    city: str
    timezone: str
    currency: str
    own_date: date
    is_other_date: bool
    mark: Watermark
    position: int
    waiting: int | None
    quarantined: int
    crumbs: Sequence[Crumb]
    span: Span
    sentence: str
    cards: Sequence[Figure]
    people: TableView
    live_url: str
    carried: str
