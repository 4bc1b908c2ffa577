"""What the template of the month page receives."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from shared.money import Money
from shared.web.parts import Action, Link


@dataclass(frozen=True)
class ResultNote:
    """Income, expense and profit of a unit or month, each with the page of its rows (empty: none)."""

    label: str
    income: Money
    expense: Money
    profit: Money
    income_url: str = ""
    expense_url: str = ""
    url: str = ""
    is_current: bool = False


@dataclass(frozen=True)
class IncomePage:
    """income/show.html: a month of the branch, its departments, the months before, expense by category.

    `is_closed` says whether the period refuses postings; `close_action` closes or reopens it (None: no right).
    """

    month: date
    previous_url: str
    next_url: str
    scope: str
    rule: str
    whole: ResultNote
    departments: Sequence[ResultNote]
    departments_add_up: bool
    months: Sequence[ResultNote]
    categories: Sequence[tuple[Link, Money]]
    is_closed: bool
    close_action: Action | None
    exports: Sequence[Link]
