"""What the templates of directives receive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from branch_node.directives.queries import Document, InboxRow, TeamRow
from shared.records import Directive
from shared.web.parts import Coverage, Step, Tab, TableView


@dataclass(frozen=True)
class InboxPage:
    """directives/inbox.html: what is addressed to the reader, unread first."""

    table: TableView
    tabs: Sequence[Tab]
    unread: int
    late: int


@dataclass(frozen=True)
class TeamPage:
    """directives/team.html: each directive with how far the reader's people got."""

    rows: Sequence[tuple[TeamRow, Coverage]]
    tabs: Sequence[Tab]
    scope: str


@dataclass(frozen=True)
class ShowPage:
    """directives/show.html: the text, its documents, the next step, and how far the reader's people got.

    `mine` is None for a manager it is not addressed to; `next` is the step he may take now, "" when none is left. `mend`: values
    that headquarters proposes for a row, beside what it holds now.
    """

    directive: Directive
    kind: str
    mine: InboxRow | None
    steps: Sequence[Step]
    next: str
    is_late: bool
    is_past: bool
    is_reminded: bool
    note: str
    documents: Sequence[Document]
    team: TeamRow | None
    coverage: Coverage | None
    words: Mapping[str, str]
    mend: TableView | None = None
