"""What the templates of dunning receive."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from branch_node.dunning.queries import NoticeRow
from shared.records import DunningLevel, PromiseToPay
from shared.web.forms import Form
from shared.web.parts import Action, Crumb, Tab, TableView


@dataclass(frozen=True)
class ListPage:
    """dunning/list.html: what would be sent today, what is held back, what was sent."""

    table: TableView
    tabs: Sequence[Tab]
    scope: str
    actions: Sequence[Action]
    hint: str


@dataclass(frozen=True)
class LevelsPage:
    """dunning/levels.html."""

    levels: Sequence[DunningLevel]
    crumbs: Sequence[Crumb]


@dataclass(frozen=True)
class LevelPage:
    """dunning/level.html: a level's day and texts, with what they look like filled in."""

    level: DunningLevel
    crumbs: Sequence[Crumb]
    form: Form[Any]
    samples: Sequence[tuple[str, str, str]]
    fields: str


@dataclass(frozen=True)
class Panel:
    """The part of an instalment's page about reminders: promises, dispute, notices, and the forms for who may."""

    promises: Sequence[PromiseToPay]
    notices: Sequence[NoticeRow]
    is_disputed: bool
    dispute_reason: str
    is_open: bool
    can_edit: bool
    promise_form: Form[Any]
    dispute_form: Form[Any]
