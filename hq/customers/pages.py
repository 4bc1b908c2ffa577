"""What the templates of customers receive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hq.asking import Span
from hq.customers.queries import CustomerView
from hq.frame.page import FreshnessLine
from shared.money import Money
from shared.web.parts import Crumb, Figure, Filters, Tab, TableView, Watermark


@dataclass(frozen=True)
class CustomersPage:
    """/customers: three tabs; the third has its own lists."""

    scope: str
    crumbs: Sequence[Crumb]
    span: Span
    freshness: FreshnessLine
    tabs: Sequence[Tab]
    lists: Sequence[Tab]
    cards: Sequence[Figure]
    summary: TableView | None
    filters: Filters
    table: TableView


@dataclass(frozen=True)
class CustomerPage:
    """/customers/{id}: read-only, with how fresh it is."""

    customer: CustomerView
    branch_name: str
    region: str
    mark: Watermark
    remaining: Money | None
    overdue: Money | None
    money_url: str
    crumbs: Sequence[Crumb]
    kinds: Mapping[str, str]
    states: Mapping[str, str]
