"""What the template of the overview receives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hq.asking import Span
from hq.dashboard.queries import Alert, StripRow
from hq.frame.page import Check, FreshnessLine
from shared.web.parts import Figure, Tab, TableView


@dataclass(frozen=True)
class OverviewPage:
    """/ : the sentence of freshness, twelve cards, what needs somebody, every branch, four short lists."""

    scope: str
    span: Span
    compare: Sequence[Tab]
    freshness: FreshnessLine
    check: Check
    cards: Sequence[Figure]
    alerts: Sequence[Alert]
    table: TableView
    strip: Mapping[str, Sequence[StripRow]]
    strip_urls: Mapping[str, str]
    live_url: str
    regions: Sequence[Tab] = ()
