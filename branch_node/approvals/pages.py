"""What the templates of approvals receive."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from branch_node.approvals.queries import DecidedStep
from branch_node.approvals.rules import CreditStanding
from shared.money import Money
from shared.web.forms import Form
from shared.web.parts import Action, Crumb, Tab, TableView


@dataclass(frozen=True)
class ReasonNote:
    """Why a document needs somebody, as a sentence, and a second line with the figures behind it."""

    text: str
    detail: str = ""
    is_blocking: bool = False


@dataclass(frozen=True)
class RequestNote:
    """A request and the decisions of its steps, for the page of the document."""

    id: str
    status: str
    asked_by: str
    asked_at: datetime
    reasons: Sequence[ReasonNote]
    steps: Sequence[DecidedStep]
    is_current: bool


@dataclass(frozen=True)
class ListPage:
    """approvals/list.html."""

    table: TableView
    tabs: Sequence[Tab]
    scope: str


@dataclass(frozen=True)
class LineNote:
    """A line of the document under decision."""

    text: str
    quantity_milli: int
    list_price: Money
    price: Money
    amount: Money
    discount_bp: int | None


@dataclass(frozen=True)
class DecidePage:
    """approvals/show.html: what is asked, why it needs this person, the two buttons.

    `refusal` says why this person cannot approve (empty: can); `rule` names the rule behind a further step. `margin_bp` None: the costs are not known.
    """

    request_id: str
    title: str
    crumbs: Sequence[Crumb]
    actions: Sequence[Action]
    status: str
    facts: Sequence[tuple[str, str]]
    lines: Sequence[LineNote]
    sums: Sequence[tuple[str, Money]]
    reasons: Sequence[ReasonNote]
    credit: CreditStanding | None
    margin_bp: int | None
    acting_for: str
    rule: str
    deputies: Sequence[str]
    refusal: str
    can_decide: bool
    seen: str
    form: Form[Any]
    history: Sequence[RequestNote]
