"""What the templates of receipts receive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from branch_node.receipts.queries import PaidPart
from shared.money import Money
from shared.records import Customer, Receipt
from shared.web.forms import Form
from shared.web.parts import Action, Confirm, Crumb, Filters, Option, TableView


@dataclass(frozen=True)
class ListPage:
    """receipts/list.html."""

    table: TableView
    filters: Filters
    scope: str
    actions: Sequence[Action]
    posted: Money


@dataclass(frozen=True)
class ItemNote:
    """An open instalment on the receipt page: what is proposed or typed for it, and what remains afterwards."""

    receivable_id: UUID
    label: str
    url: str
    due_on: date
    remaining: Money
    part: Money
    after: Money
    typed: str
    fault: str
    is_overdue: bool

    @property
    def settles(self) -> bool:
        return self.part.minor > 0 and self.after.minor == 0


@dataclass(frozen=True)
class Allotment:
    """The live part of the receipt page: every instalment, and `allocated + unallocated = amount`.

    `amount` is None while it is not typed or cannot be read (`amount_fault` says why).
    """

    currency: str
    items: Sequence[ItemNote]
    amount: Money | None
    amount_fault: str
    allocated: Money
    unallocated: Money
    fault: str
    note: str
    by_hand: bool
    has_customer: bool

    @property
    def is_right(self) -> bool:
        return self.amount is not None and not self.fault and not any(item.fault for item in self.items)


@dataclass(frozen=True)
class NewPage:
    """receipts/new.html. `alike` is a receipt that looks like this one: it is recorded only when confirmed."""

    form: Form[Any]
    customer: Customer | None
    customer_hits: Sequence[Option]
    currencies: Sequence[Option]
    modes: Sequence[Option]
    methods: Sequence[Option]
    allotment: Allotment
    alike: Receipt | None
    labels: Mapping[str, str]
    crumbs: Sequence[Crumb]


@dataclass(frozen=True)
class AllotmentPage:
    """receipts/allotment.html, a part."""

    allotment: Allotment


@dataclass(frozen=True)
class ShowPage:
    """receipts/show.html: one receipt, what it paid, what is left to allocate."""

    receipt: Receipt
    customer: Customer
    title: str
    crumbs: Sequence[Crumb]
    actions: Sequence[Action]
    method: str
    amount: Money
    base: Money | None
    unallocated: Money
    parts: Sequence[PaidPart]
    reversed_by: str
    recorded_by: str
    can_allocate: bool
    allotment: Allotment | None
    modes: Sequence[Option]
    form: Form[Any]


@dataclass(frozen=True)
class ReversePage:
    """receipts/reverse.html: the question before a receipt is reversed."""

    confirm: Confirm
    crumbs: Sequence[Crumb]
