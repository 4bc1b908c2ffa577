"""What the templates of quotes receive; the form page is that of orders."""

from collections.abc import Sequence
from dataclasses import dataclass

from branch_node.approvals.pages import RequestNote
from shared.money import Money
from shared.records import Customer, Quotation, QuotationLine
from shared.web.parts import Action, Crumb, Filters, TableView


@dataclass(frozen=True)
class ListPage:
    """quotations/list.html."""

    table: TableView
    filters: Filters
    scope: str
    actions: Sequence[Action]


@dataclass(frozen=True)
class ShowPage:
    """quotations/show.html: one round of a quote with its lines, its approval and the other rounds."""

    quotation: Quotation
    customer: Customer
    title: str
    crumbs: Sequence[Crumb]
    actions: Sequence[Action]
    lines: Sequence[QuotationLine]
    facts: Sequence[tuple[str, str]]
    rounds: Sequence[Quotation]
    requests: Sequence[RequestNote]
    limit_bp: int
    approvers: str
    needs_approval: bool
    is_expired: bool

    def money(self, minor: int) -> Money:
        """An amount of the quote."""
        return Money(minor, self.quotation.currency)

    def total_of(self, one: Quotation) -> Money:
        """What a round came to, in its own currency."""
        return Money(one.total_minor, one.currency)
