"""What the templates of nodes receive."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from netops.center.models import Incident, LogLine
from shared.web.parts import TableView


@dataclass(frozen=True)
class FleetPage:
    """The fleet: what needs help, all nodes, what healed itself."""

    checked_at: datetime
    node_count: int
    troubled: Sequence[str]
    incidents: Sequence[Incident]
    nodes: TableView
    services: TableView
    recoveries: TableView


@dataclass(frozen=True)
class NodePage:
    """One node: its services, recoveries, incidents and newest warnings."""

    name: str
    role: str
    contact: str
    condition: str
    received_at: datetime | None
    incidents: Sequence[Incident]
    services: TableView
    recoveries: TableView
    lines: Sequence[LogLine]
