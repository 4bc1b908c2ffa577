"""What the templates of directives receive."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from hq.directives.queries import Attached, DirectiveRow
from hq.directives.rules import Unit
from shared.web.forms import Form
from shared.web.parts import Action, Confirm, Coverage, Crumb, Field, Option, TableView


@dataclass(frozen=True)
class ListRow:
    """A directive with its words and coverage."""

    directive: DirectiveRow
    kind: str
    coverage: Coverage
    is_late: bool


@dataclass(frozen=True)
class ListPage:
    """/directives"""

    rows: Sequence[ListRow]
    count: int
    actions: Sequence[Action]
    next_url: str
    previous_url: str


@dataclass(frozen=True)
class WritePage:
    """/directives/new, and a draft: words, whom it is for, documents."""

    title: str
    form: Form[Any]
    fields: Sequence[Field]
    labels: dict[str, str]
    action_url: str
    is_draft: bool
    units: Sequence[tuple[Unit, str]]
    files: Sequence[Attached]
    url: str
    pick: Field | None


@dataclass(frozen=True)
class ShowPage:
    """/directives/{id}: what it says and how far it got, branch by branch."""

    id: str
    title: str
    number: str
    kind: str
    body: str
    status: str
    issued_at: datetime | None
    issued_by: str
    deadline_on: date | None
    is_late: bool
    reminded_at: datetime | None
    units: Sequence[str]
    files: Sequence[Attached]
    coverage: Coverage
    table: TableView
    crumbs: Sequence[Crumb]
    actions: Sequence[Action]
    live_url: str


@dataclass(frozen=True)
class AskPage:
    """A question before something is issued or withdrawn."""

    confirm: Confirm


@dataclass(frozen=True)
class PickPage:
    """At most eight recipients for a typeahead."""

    hits: Sequence[Option]
