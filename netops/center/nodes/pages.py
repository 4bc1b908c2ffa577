"""What the templates of nodes receive."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from netops.center.telemetry.lines import StoredLine
from shared.web.forms import Form
from shared.web.parts import Action, Field, Filters, Link, Status, Tab, TableView


@dataclass(frozen=True)
class Problem:
    """A row of the block at the top: what it is in words, and where to go. `tone` is bad or warn."""

    title: str
    text: str
    url: str
    status: Status
    is_acknowledged: bool = False
    members: Sequence[str] = ()


@dataclass(frozen=True)
class ProblemsPart:
    """The block of problems, or the one sentence when there are none. `notice` warns of the center itself."""

    problems: Sequence[Problem]
    sentence: str
    notice: str = ""


@dataclass(frozen=True)
class FleetPage:
    """/: what needs help, all nodes, what healed itself."""

    scope: str
    problems: ProblemsPart
    filters: Filters
    table: TableView
    counts: str
    healed: Link | None
    live_url: str


@dataclass(frozen=True)
class RowPart:
    """The table with the rows that are sent."""

    table: TableView


@dataclass(frozen=True)
class ChartPlace:
    """Where a chart goes: its key in the series' JSON, its title and its second line (what, unit)."""

    key: str
    title: str
    unit: str


@dataclass(frozen=True)
class PlacePart:
    """Who has this node's place, or whose place it has: the fact, what follows from it, and the other node's page."""

    fact: str
    lines: Sequence[str] = ()
    other: Link | None = None
    revoke: Link | None = None
    is_warning: bool = False


@dataclass(frozen=True)
class NodePage:
    """/nodes/{name}. `commands` is what was ordered lately."""

    name: str
    scope: str
    actions: Sequence[Action]
    statuses: Sequence[Status]
    received_at: datetime | None
    place: PlacePart | None
    sentence: str
    problems: Sequence[Problem]
    ranges: Sequence[Tab]
    range_seconds: int
    series_url: str
    charts: Sequence[ChartPlace]
    services: TableView
    commands: TableView
    recoveries: TableView
    lines: Sequence[StoredLine]
    logs_url: str
    live_url: str


@dataclass(frozen=True)
class NodeLivePart:
    """The parts of a node's page that change by themselves."""

    statuses: Sequence[Status]
    received_at: datetime | None
    place: PlacePart | None
    sentence: str
    problems: Sequence[Problem]
    services: TableView
    commands: TableView
    recoveries: TableView
    lines: Sequence[StoredLine] = field(default_factory=tuple)


@dataclass(frozen=True)
class EditNodePage:
    """/nodes/{name}/edit: role, branch, what it lies behind."""

    name: str
    fields: Sequence[Field]
    form: Form[Any]
