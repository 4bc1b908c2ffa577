"""What the template of the month page receives."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from shared.money import Money
from shared.web.parts import Action, AuditRow, Confirm, Crumb, Link


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

    `is_closed` says whether the period refuses postings, `closed_by` since when and by whom; `close_action` leads to the
    page that closes or reopens it (None: no right, or the month has not ended).
    """

    month: date
    previous_url: str
    next_url: str
    scope: str
    rule: str
    whole: ResultNote
    departments: Sequence[ResultNote]
    is_of_branch: bool
    departments_add_up: bool
    months: Sequence[ResultNote]
    categories: Sequence[tuple[Link, Money]]
    is_closed: bool
    closed_by: str
    close_action: Action | None
    exports: Sequence[Link]


@dataclass(frozen=True)
class Concern:
    """A sentence about documents of the month, the documents, and the list of all of them. `blocks` forbids the close."""

    sentence: str
    documents: Sequence[Link]
    url: str
    blocks: bool


@dataclass(frozen=True)
class ClosePage:
    """income/close.html: what blocks the close of a month, what to know, the button; or the reason of a reopening.

    `confirm` is None while something blocks, or when there is nothing to do; `sentence` says why."""

    title: str
    crumbs: Sequence[Crumb]
    sentence: str
    concerns: Sequence[Concern]
    confirm: Confirm | None
    history: Sequence[AuditRow]
