"""What the template of sales receives."""

from collections.abc import Sequence
from dataclasses import dataclass

from hq.asking import Span
from hq.frame.page import Check, FreshnessLine
from shared.web.parts import Crumb, Figure, Tab, TableView


@dataclass(frozen=True)
class SalesPage:
    """/sales: cards, the table of the units below, and the orders that make up one of its columns."""

    scope: str
    crumbs: Sequence[Crumb]
    span: Span
    switches: Sequence[Sequence[Tab]]
    freshness: FreshnessLine
    check: Check
    cards: Sequence[Figure]
    table: TableView
    tabs: Sequence[Tab]
    orders: TableView
