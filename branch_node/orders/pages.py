"""What the templates of orders receive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from branch_node.approvals.pages import RequestNote
from branch_node.orders.entry import Preview
from branch_node.orders.steps import Kind
from shared.money import Money
from shared.records import Customer, ExecutionStep, Order, OrderLine, Receivable
from shared.web.forms import Form
from shared.web.parts import Action, Confirm, Crumb, Field, Filters, Option, Step, TableView


@dataclass(frozen=True)
class ListPage:
    """orders/list.html. `figure` is the sum of the rows behind a figure, None in the ordinary list."""

    table: TableView
    filters: Filters
    scope: str
    actions: Sequence[Action]
    figure: Money | None = None
    figure_label: str = ""


@dataclass(frozen=True)
class DocumentPage:
    """orders/form.html and quotations/form.html: a head, lines to type, what they come to.

    `line_places`, `part_places` and `share_places` number the rows of boxes; `voids` says that saving cancels an approval;
    `conflict` that somebody else saved meanwhile, with what stands there now.
    """

    title: str
    crumbs: Sequence[Crumb]
    action_url: str
    preview_url: str
    cancel_url: str
    form: Form[Any]
    customer: Customer | None
    customer_hits: Sequence[Option]
    currencies: Sequence[Option]
    line_places: Sequence[int]
    preview: Preview
    labels: Mapping[str, str]
    part_places: Sequence[int] = ()
    share_places: Sequence[int] = ()
    custom: Sequence[Field] = ()
    voids: str = ""
    conflict: str = ""


@dataclass(frozen=True)
class PreviewPage:
    """orders/preview.html, a part: what the typed document comes to."""

    preview: Preview


@dataclass(frozen=True)
class StepNote:
    """A step of the execution plan as shown."""

    row: ExecutionStep
    label: str
    state: str
    is_late: bool
    owner: str
    by: str
    is_fact: bool
    number: int


@dataclass(frozen=True)
class ShowPage:
    """orders/show.html: one order with lines, money, approval and execution plan."""

    order: Order
    customer: Customer
    title: str
    scope: str
    actions: Sequence[Action]
    way: Sequence[Step]
    lines: Sequence[OrderLine]
    facts: Sequence[tuple[str, str]]
    requests: Sequence[RequestNote]
    receivables: Sequence[Receivable]
    planned: Sequence[Any]
    steps: Sequence[StepNote]
    kinds: Sequence[Kind]
    today: date
    limit_bp: int
    approvers: str
    can_edit_steps: bool
    can_ship: bool
    can_see_money: bool
    form: Form[Any] = field(default_factory=Form)
    ship_form: Form[Any] = field(default_factory=Form)

    def money(self, minor: int) -> Money:
        """An amount of the order."""
        return Money(minor, self.order.currency)


@dataclass(frozen=True)
class CancelPage:
    """orders/cancel.html: the question before an order is cancelled."""

    confirm: Confirm
    crumbs: Sequence[Crumb]
