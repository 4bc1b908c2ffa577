"""What the template of the pipeline receives."""

from collections.abc import Sequence
from dataclasses import dataclass

from hq.asking import Span
from hq.frame.page import Check, FreshnessLine
from shared.money import Money
from shared.web.parts import Crumb, Figure, Share, Tab, TableView


@dataclass(frozen=True)
class ReasonRow:
    """Why opportunities were lost: the reason, how many, how much, and the list behind it."""

    label: str
    number: int
    amount: Money
    url: str


@dataclass(frozen=True)
class PipelinePage:
    """/pipeline: stages as one bar, the units below, why it was lost, the opportunities."""

    scope: str
    crumbs: Sequence[Crumb]
    span: Span
    freshness: FreshnessLine
    regions: Sequence[Tab]
    cards: Sequence[Figure]
    shares: Sequence[Share]
    check: Check
    table: TableView
    reasons: Sequence[ReasonRow]
    lists: Sequence[Tab]
    opportunities: TableView
    is_of_then: bool = False
