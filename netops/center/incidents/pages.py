"""What the templates of incidents receive."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.web.forms import Form
from shared.web.parts import Action, Field, Happening, Link, Status, Tab, TableView


@dataclass(frozen=True)
class IncidentsPage:
    """/incidents: open ones or all, the gravest and unacknowledged first."""

    tabs: Sequence[Tab]
    table: TableView
    live_url: str


@dataclass(frozen=True)
class IncidentPart:
    """What of an incident's page changes by itself."""

    status: Status
    age: str
    severity: int
    assigned_to: str
    acknowledged: str
    quiet_until: datetime | None
    flaps: int
    """How often it came within the last hour; 0 while that is not remarkable."""
    timeline: Sequence[Happening]
    notices: TableView
    cause: Link | None
    explains: Sequence[Link]
    """The incidents that are linked to this one."""


@dataclass(frozen=True)
class IncidentPage:
    """/incidents/{number}: what, since when, which nodes, what was done, what can be done."""

    number: int
    title: str
    actions: Sequence[Action]
    part: IncidentPart
    sentence: str
    advice: str
    nodes: Sequence[str]
    detail: str
    last_lines: Sequence[str]
    links: Sequence[Link]
    before: Sequence[Link]
    forms: Sequence["SmallForm"]
    live_url: str


@dataclass(frozen=True)
class SmallForm:
    """A form of the page: where it goes, its fields, its button."""

    key: str
    title: str
    action: str
    fields: Sequence[Field]
    button: str
    form: Form[Any]
