"""What the template of profit receives."""

from collections.abc import Sequence
from dataclasses import dataclass

from hq.asking import Span
from hq.frame.page import Check, FreshnessLine
from shared.money import Money
from shared.web.parts import Crumb, Figure, Tab, TableView


@dataclass(frozen=True)
class BridgeRow:
    """A step of the bridge as the page and the chart read it: the amount, and its size in whole units."""

    label: str
    amount: Money
    units: int
    is_total: bool


@dataclass(frozen=True)
class ProfitPage:
    """/profit: cards, the bridge, the table of the units below."""

    scope: str
    crumbs: Sequence[Crumb]
    span: Span
    switches: Sequence[Sequence[Tab]]
    freshness: FreshnessLine
    check: Check
    rule: str
    cards: Sequence[Figure]
    bridge: Sequence[BridgeRow]
    bridge_unit: str
    table: TableView
