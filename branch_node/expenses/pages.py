"""What the templates of expenses receive."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from branch_node.approvals.pages import RequestNote
from branch_node.attachments.models import Attachment
from shared.money import Money
from shared.records import Expense
from shared.web.forms import Form
from shared.web.parts import Action, Crumb, Filters, Option, TableView


@dataclass(frozen=True)
class ListPage:
    """expenses/list.html. `counted` is the sum of the approved and paid ones among the rows asked for."""

    table: TableView
    filters: Filters
    scope: str
    actions: Sequence[Action]
    counted: Money


@dataclass(frozen=True)
class FormPage:
    """expenses/form.html."""

    title: str
    crumbs: Sequence[Crumb]
    action_url: str
    cancel_url: str
    form: Form[Any]
    categories: Sequence[Option]
    currencies: Sequence[Option]
    customer: str
    conflict: str = ""


@dataclass(frozen=True)
class ShowPage:
    """expenses/show.html."""

    expense: Expense
    title: str
    crumbs: Sequence[Crumb]
    actions: Sequence[Action]
    amount: Money
    base: Money | None
    facts: Sequence[tuple[str, str]]
    customer: str
    requests: Sequence[RequestNote]
    files: Sequence[Attachment]
    can_attach: bool
    can_pay: bool
    today: date
    form: Form[Any]
