"""What the templates of plans receive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from branch_node.plans.queries import PlanDay
from branch_node.plans.rules import Tally
from branch_node.plans.team_reads import TeamRow
from shared.periods import Period
from shared.web.forms import Form
from shared.web.parts import Option, TableView


@dataclass(frozen=True)
class MyDayPage:
    """plans/my_day.html: the box to type into, what waits, the items, the close.

    `form` is the line form (with errors after a refused line), `kinds` the labels of kinds, `told` what was just done
    and `undo` the path that takes it back.
    """

    plan: PlanDay
    form: Form[Any]
    kinds: Mapping[str, str]
    yesterday: date
    told: str = ""
    undo: str = ""


@dataclass(frozen=True)
class ItemPage:
    """plans/item.html: one item, field by field."""

    item_id: UUID
    form: Form[Any]
    kinds: Sequence[Option]
    customer: str
    title: str


@dataclass(frozen=True)
class SuggestPage:
    """plans/suggest.html: customers for what stands after @."""

    hits: Sequence[tuple[UUID, str, str]] = ()


@dataclass(frozen=True)
class PlanPage:
    """plans/day.html: the plan of somebody, or of an earlier day, to read."""

    name: str
    is_own: bool
    employee_id: UUID
    plan: PlanDay
    kinds: Mapping[str, str]
    proofs: Mapping[UUID, str] = field(default_factory=dict)
    can_assign: bool = False
    can_comment: bool = False
    form: Form[Any] = field(default_factory=Form)


@dataclass(frozen=True)
class TeamPage:
    """plans/team.html: who has no plan yet, then everybody's day."""

    day: date
    previous: date
    following: date | None
    is_today: bool
    scope: str
    table: TableView
    count: int
    missing: Sequence[TeamRow]
    total: Tally
    followups: int
    can_assign: bool


@dataclass(frozen=True)
class ProgressPage:
    """plans/progress.html: what became of plans and tasks in a period; `departments` None when there is one."""

    form: Form[Any]
    period: Period
    scope: str
    table: TableView
    departments: TableView | None
    total: Tally
    presets: Sequence[tuple[str, str]]
