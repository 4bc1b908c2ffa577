"""What the templates of receivables receive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from branch_node.dunning.pages import Panel
from branch_node.receivables.entries import EntryRow
from branch_node.receivables.queries import Sums
from shared.money import Money
from shared.records import Customer, Receivable
from shared.web.forms import Form
from shared.web.parts import Action, Confirm, Crumb, Filters, Share, Tab, TableView


@dataclass(frozen=True)
class Summary:
    """Due, received, remaining and the ageing of everything asked for, in the base currency."""

    sums: Sums
    currency: str
    shares: Sequence[Share]
    overdue_bp: int | None
    foreign_bp: int | None
    is_narrowed_by_age: bool

    def money(self, minor: int) -> Money:
        """An amount in the base currency."""
        return Money(minor, self.currency)


@dataclass(frozen=True)
class ListPage:
    """receivables/list.html: by customer or by instalment, as of a day."""

    as_of: date
    is_past: bool
    summary: Summary
    tabs: Sequence[Tab]
    table: TableView
    filters: Filters
    scope: str
    actions: Sequence[Action]


@dataclass(frozen=True)
class CustomerPage:
    """receivables/customer.html: what one customer owes, instalment by instalment, and its unallocated receipts."""

    customer: Customer
    as_of: date
    is_past: bool
    summary: Summary
    crumbs: Sequence[Crumb]
    actions: Sequence[Action]
    table: TableView
    filters: Filters
    scope: str
    credits: Sequence[Mapping[str, Any]]
    limit: Money | None
    used_bp: int | None


@dataclass(frozen=True)
class EntryNote:
    """An entry of an instalment as shown: what it was, its signed amount, what remained after it."""

    row: EntryRow
    label: str
    amount: Money
    left: Money


@dataclass(frozen=True)
class ShowPage:
    """receivables/show.html: one instalment down to its entries; their sum is what remains."""

    row: Receivable
    title: str
    customer: Customer
    crumbs: Sequence[Crumb]
    actions: Sequence[Action]
    state: str
    days_late: int
    entries: Sequence[EntryNote]
    remaining: Money
    adds_up: bool
    can_adjust: bool
    form: Form[Any]
    dunning: Panel

    @property
    def faulty(self) -> Form[Any]:
        """The form whose messages stand at the top."""
        forms = (self.dunning.promise_form, self.dunning.dispute_form)
        return next((form for form in forms if form.errors), self.form)

    @property
    def faulty_prefix(self) -> str:
        """What the ids of that form's fields begin with."""
        by_form = {id(self.dunning.promise_form): "promise-", id(self.dunning.dispute_form): "dispute-"}
        return by_form.get(id(self.faulty), "")

    def money(self, minor: int) -> Money:
        """An amount in the instalment's currency."""
        return Money(minor, self.row.currency)


@dataclass(frozen=True)
class ReversePage:
    """receivables/reverse.html: the question before a credit note or write-off is taken back."""

    confirm: Confirm
    crumbs: Sequence[Crumb]
