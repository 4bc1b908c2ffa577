"""What the templates of dunning receive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from branch_node.dunning.queries import NoticeRow
from branch_node.dunning.rules import FIELDS, filled
from shared.i18n import gettext as _
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

    def readable(self, text: str) -> str:
        """A text with words where its fields are: 'Payment reminder: [the order's number]'."""
        return filled(text, {name: f"[{_(word)}]" for name, word in FIELDS.items()})


@dataclass(frozen=True)
class LevelPage:
    """dunning/level.html: a level's day and texts, with what they look like filled in."""

    level: DunningLevel
    crumbs: Sequence[Crumb]
    form: Form[Any]
    samples: Sequence[tuple[str, str, str]]
    fields: Mapping[str, str]


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
