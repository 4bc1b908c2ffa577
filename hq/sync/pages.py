"""What the templates of replication receive."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.web.parts import Action, Confirm, Crumb, Job, TableView


@dataclass(frozen=True)
class SyncPage:
    """/sync: every branch, worst first; `sentence` says how many are behind."""

    sentence: str
    table: TableView
    live_url: str


@dataclass(frozen=True)
class BranchSyncPage:
    """/sync/{code}: one branch. `facts` has what and value; `job` is a rebuild under way; `notices`
    are what must be done now, each with the address where."""

    title: str
    code: str
    state: str
    crumbs: Sequence[Crumb]
    actions: Sequence[Action]
    job: Job | None
    tables: Sequence[TableView]
    live_url: str
    notices: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class AskPage:
    """The question before something is done."""

    confirm: Confirm


@dataclass(frozen=True)
class TokenPage:
    """A token, shown once, and what to do with it."""

    title: str
    crumbs: Sequence[Crumb]
    token: str
    steps: Sequence[str]
    command: str


@dataclass(frozen=True)
class FoundPage:
    """/sync/{code}/rows/{id}: a row that differed: how, what became of it, both versions column by column."""

    title: str
    crumbs: Sequence[Crumb]
    sentence: str
    error: str
    table: TableView
