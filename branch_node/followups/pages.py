"""What the templates of follow-ups receive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from branch_node.followups.queries import ActivityRow
from shared.records import Activity, Customer
from shared.web.forms import Form
from shared.web.parts import Filters, Option, Tab, TableView


@dataclass(frozen=True)
class ListPage:
    """followups/list.html: overdue, due, planned or done."""

    tabs: Sequence[Tab]
    table: TableView
    filters: Filters
    scope: str
    can_edit: bool


@dataclass(frozen=True)
class NewPage:
    """followups/new.html: a contact that was made, or one to be made (`is_plan`)."""

    form: Form[Any]
    customer: Customer | None
    kinds: Sequence[Option]
    outcomes: Sequence[Option]
    contacts: Sequence[Option]
    recent: Sequence[ActivityRow]
    is_plan: bool
    today_text: str


@dataclass(frozen=True)
class ShowPage:
    """followups/show.html: one contact; while planned the form that finishes it."""

    activity: Activity
    customer: str
    owner: str
    contact: str
    words: Mapping[str, str]
    outcome: str
    form: Form[Any]
    kinds: Sequence[Option]
    outcomes: Sequence[Option]
    can_edit: bool
