"""What the templates of quarantine receive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.web.forms import Form
from shared.web.parts import Action, Confirm, Crumb, Field, Tab, TableView


@dataclass(frozen=True)
class QuarantinePage:
    """/quarantine: the changes that wait, or those that were settled."""

    tabs: Sequence[Tab]
    sentence: str
    table: TableView


@dataclass(frozen=True)
class ChangePage:
    """/quarantine/{id}: one change: why, the row as it came with what is wrong, what may be done."""

    title: str
    scope: str
    crumbs: Sequence[Crumb]
    actions: Sequence[Action]
    sentence: str
    error: str
    facts: TableView
    row: TableView


@dataclass(frozen=True)
class MendPage:
    """The form that proposes corrected values to a person at the branch."""

    title: str
    crumbs: Sequence[Crumb]
    action: str
    form: Form  # type: ignore[type-arg]
    fields: Sequence[Field]
    labels: Mapping[str, str]
    hint: str


@dataclass(frozen=True)
class AskPage:
    """The question before a change is dismissed."""

    confirm: Confirm
