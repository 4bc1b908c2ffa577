"""What the templates of targets receive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from hq.frame.page import FreshnessLine
from hq.targets.queries import Revision
from shared.money import Money
from shared.web.forms import Form
from shared.web.parts import Action, Crumb, Field, Figure, Tab, TableView


@dataclass(frozen=True)
class ChartMonth:
    """A month of the chart's table: texts for people, whole units for the bars."""

    label: str
    cells: Sequence[tuple[Money | int | None, int | None]]


@dataclass(frozen=True)
class BridgeStep:
    """A step of a bridge: the amount, its size in whole units for the chart, and where it leads."""

    label: str
    amount: Money | int
    units: int
    url: str = ""
    is_total: bool = False


@dataclass(frozen=True)
class TargetsPage:
    """/targets: month, quarter, year to date and year of a unit, its months, and the units below."""

    scope: str
    crumbs: Sequence[Crumb]
    actions: Sequence[Action]
    as_of: date
    keep: Mapping[str, str]
    measures: Sequence[Tab]
    switches: Sequence[Sequence[Tab]]
    freshness: FreshnessLine
    cards: Sequence[Figure]
    shared_out: str
    is_shared_out: bool
    months: Sequence[ChartMonth]
    forecast: str
    why: Sequence[BridgeStep]
    causes: Sequence[BridgeStep]
    unit: str
    is_money: bool
    table: TableView


@dataclass(frozen=True)
class EditPage:
    """/targets/edit: the form of one target and its earlier revisions."""

    title: str
    crumbs: Sequence[Crumb]
    form: Form[Any]
    action_url: str
    fields: Sequence[Field]
    month_fields: Sequence[Field]
    labels: Mapping[str, str]
    revisions: Sequence[tuple[Revision, Money | int]]
    is_money: bool
    unit: str
