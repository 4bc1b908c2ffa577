"""What the templates of receivables receive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from hq.asking import Span
from hq.frame.page import Check, FreshnessLine
from hq.receivables.queries import Entry, Instalment
from shared.money import Money
from shared.web.parts import Crumb, Figure, Link, Share, Tab, TableView


@dataclass(frozen=True)
class ReceivablesPage:
    """/receivables: cards, the ageing as one bar, the check that it adds up, the units below."""

    scope: str
    crumbs: Sequence[Crumb]
    as_of: date | None
    keep: Mapping[str, str]
    beside: Mapping[str, str]
    switches: Sequence[Sequence[Tab]]
    freshness: FreshnessLine
    cards: Sequence[Figure]
    shares: Sequence[Share]
    ageing_label: str
    check: Check
    table: TableView


@dataclass(frozen=True)
class InstalmentPage:
    """/receivables/{id}: every entry of one instalment."""

    instalment: Instalment
    branch_name: str
    crumbs: Sequence[Crumb]
    entries: Sequence[Entry]
    words: Mapping[str, str]
    promises: Sequence[tuple[date | None, date | None, Money, str]]


@dataclass(frozen=True)
class ReceiptsPage:
    """/receivables/receipts: money that came in, by unit and one by one."""

    scope: str
    crumbs: Sequence[Crumb]
    span: Span
    freshness: FreshnessLine
    check: Check
    cards: Sequence[Figure]
    table: TableView
    receipts: TableView


@dataclass(frozen=True)
class DebtorsPage:
    """/receivables/debtors: top debtors, above the sales limit, promises to pay. `is_of_then`: the address asks for an earlier
    day or moment, which this list does not know."""

    scope: str
    crumbs: Sequence[Crumb]
    freshness: FreshnessLine
    tabs: Sequence[Tab]
    states: Sequence[Tab]
    regions: Sequence[Tab]
    table: TableView
    exports: Sequence[Link]
    is_of_then: bool = False
