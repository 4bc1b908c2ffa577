"""What the templates of opportunities receive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from branch_node.opportunities.queries import OpportunityRow, Quote, Sums
from shared.records import Opportunity
from shared.web.forms import Form
from shared.web.parts import Action, Empty, Filters, Option, Step, Tab, TableView


@dataclass(frozen=True)
class Lane:
    """A column of the board: its cards, how many there are and what they come to. `more_url` when some are not shown."""

    stage: str
    label: str
    cards: Sequence[OpportunityRow]
    sums: Sums | None
    more_url: str


@dataclass(frozen=True)
class BoardPage:
    """opportunities/board.html: the open stages side by side; `ends` are the places where a card is won or lost, `empty` is
    said where no stage has a card."""

    lanes: Sequence[Lane]
    ends: Sequence[Option]
    stages: Sequence[Option]
    filters: Filters
    tabs: Sequence[Tab]
    scope: str
    actions: Sequence[Action]
    overdue: frozenset[Any]
    can_edit: bool
    empty: Empty | None


@dataclass(frozen=True)
class ListPage:
    """opportunities/list.html."""

    table: TableView
    filters: Filters
    tabs: Sequence[Tab]
    scope: str
    actions: Sequence[Action]
    sums: Sums


@dataclass(frozen=True)
class FormPage:
    """opportunities/form.html: a new one, or one that is changed (`row`)."""

    form: Form[Any]
    row: Opportunity | None
    customer: str
    owner: str
    stages: Sequence[Option]
    labels: Mapping[str, str]
    can_assign: bool


@dataclass(frozen=True)
class ShowPage:
    """opportunities/show.html: where it stands, what it is worth, the quotes that came of it."""

    row: Opportunity
    shown: OpportunityRow
    steps: Sequence[Step]
    stages: Sequence[Option]
    quotes: Sequence[Quote]
    reason: str
    is_open: bool
    is_overdue: bool
    can_edit: bool
    actions: Sequence[Action] = field(default_factory=tuple)


@dataclass(frozen=True)
class LostPage:
    """opportunities/lost.html: why it was lost, and to whom."""

    row: Opportunity
    form: Form[Any]
    reasons: Sequence[Option]
