"""What the templates of tasks receive."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.records import Task
from shared.web.forms import Form
from shared.web.parts import Tab, TableView


@dataclass(frozen=True)
class ListPage:
    """tasks/list.html."""

    tabs: Sequence[Tab]
    table: TableView
    can_edit: bool


@dataclass(frozen=True)
class NewPage:
    """tasks/new.html."""

    form: Form[Any]
    employee: str
    customer: str
    can_assign: bool


@dataclass(frozen=True)
class ShowPage:
    """tasks/show.html: one task and what can be done with it."""

    task: Task
    employee: str
    by: str
    customer: str
    form: Form[Any]
    is_mine: bool
    can_withdraw: bool
    is_late: bool
