"""What the templates of feedback receive."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.records import Feedback
from shared.web.forms import Form
from shared.web.parts import Filters, Option, Status, Tab, TableView


@dataclass(frozen=True)
class ListPage:
    """feedback/list.html. `form` is the line to type into, with its message after a refused one."""

    tabs: Sequence[Tab]
    table: TableView
    filters: Filters
    scope: str
    can_edit: bool
    form: Form[Any]


@dataclass(frozen=True)
class NewPage:
    """feedback/new.html."""

    form: Form[Any]
    customer: str
    kinds: Sequence[Option]
    levels: Sequence[Option]


@dataclass(frozen=True)
class ShowPage:
    """feedback/show.html: what was told, who takes care, what was answered."""

    feedback: Feedback
    customer: str
    owner: str
    assigned_to: str
    kind: str
    level: str
    shape: Status
    form: Form[Any]
    can_handle: bool
    can_answer: bool
