"""The state table: what is known of every node now, in memory. The fleet page, rules and live streams read it and ask no
database. Filled at the start from the store, then by every report after it was committed."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import ItemsView, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from netops.center.models import Node
from netops.center.nodes.strip import Strip
from shared.canonical import from_micros
from shared.database import fetch_all
from shared.nodes.identity import ReplayState
from shared.nodes.report import (
    Condition,
    Hello,
    Mode,
    SampleBatch,
    SampleRow,
    ServiceState,
    SharedNames,
    StateReport,
)

WATCHED_SECONDS = 30.0


class Measured(Mapping[str, float | None]):
    """A row of measurements by name. The names are those of the batch, which all reports of a node share: a dictionary of sixty
    with each report costs more than reading the report."""

    __slots__ = ("_names", "_places", "_row")

    def __init__(self, names: Sequence[str], row: Sequence[float | None]) -> None:
        """Of more names than values, or the other way round, what has no partner is left out."""
        self._names, self._row = names, row
        self._places = places_of(names)

    def __getitem__(self, name: str) -> float | None:
        place = self._places[name]
        if place >= len(self._row):
            raise KeyError(name)
        return self._row[place]

    def __iter__(self) -> Iterator[str]:
        return (name for name, _value in zip(self._names, self._row, strict=False))

    def __len__(self) -> int:
        return min(len(self._names), len(self._row))

    def items(self) -> ItemsView[str, float | None]:
        """All at once: a page looks through those of fifty nodes."""
        return dict(zip(self._names, self._row, strict=False)).items()


def places_of(names: Sequence[str]) -> Mapping[str, int]:
    """Where each name stands in the list; of a list that reports share found once."""
    if isinstance(names, SharedNames):
        return names.places
    return {name: place for place, name in enumerate(names)}


def places_fitting(names: Sequence[str], pattern: str) -> Sequence[int]:
    """Where the names stand that a pattern fits: `service.*.jobs_waiting` those of every service."""
    held = names.fitting if isinstance(names, SharedNames) else {}
    if pattern not in held:
        head, _, tail = pattern.partition("*")
        held[pattern] = [
            place for place, name in enumerate(names) if name.startswith(head) and name.endswith(tail)
        ]
    return held[pattern]


@dataclass(slots=True)
class NodeState:
    """One node. `received_at` is the center's clock at its last report; `values` are the newest live sample's."""

    name: str
    role: str
    branch: str
    behind: str
    public_key: str
    next_public_key: str = ""
    replay: ReplayState = field(default_factory=ReplayState)
    received_at: datetime | None = None
    hello: Hello | None = None
    state: StateReport | None = None
    values: Mapping[str, float | None] = field(default_factory=dict)
    measured_us: int = 0
    strip: Strip = field(default_factory=Strip)
    maintenance_until: datetime | None = None
    watched_until: float = 0.0
    recent: dict[str, deque[tuple[float, float]]] = field(default_factory=dict)
    """(second of receipt, value) of the metrics that rules look at, as long as their longest window."""
    measured: int = 0
    """How often `recent` was added to."""

    @property
    def host(self) -> str:
        """The run of the machine it lives on; nodes that share one have it in common. Empty before it greeted."""
        return self.hello.host_boot if self.hello else ""

    @property
    def services(self) -> list[ServiceState]:
        return self.state.services if self.state else []

    @property
    def mode(self) -> Mode:
        """Maintenance that the center knows of counts at once, before the agent has heard of it."""
        reported: Mode = self.state.mode if self.state else "normal"
        return "maintenance" if self.maintenance_until and reported == "normal" else reported

    @property
    def condition(self) -> Condition:
        return self.state.condition if self.state else "ok"

    @property
    def is_fenced(self) -> bool:
        """It says itself that another node has taken its place."""
        return any(service.is_fenced for service in self.services)

    @property
    def standby_of(self) -> str:
        """The node whose place it can take, or has taken; empty: it is no standby."""
        return self.hello.standby_of if self.hello else ""

    @property
    def is_promoted(self) -> bool:
        """A standby that serves its branch now."""
        return bool(self.standby_of and self.state and self.state.is_promoted and not self.is_fenced)

    @property
    def promoted_at(self) -> datetime | None:
        """Since when, by its own clock."""
        return self.state.promoted_at if self.state and self.is_promoted else None

    @property
    def is_watched(self) -> bool:
        """Somebody has its page open: its agent samples every second."""
        return time.monotonic() < self.watched_until

    def watch(self) -> None:
        self.watched_until = time.monotonic() + WATCHED_SECONDS

    def took(self, batch: SampleBatch) -> None:
        """Newest values of a live batch; history changes nothing here."""
        if batch.history or not batch.rows:
            return
        newest = batch.rows[0] if len(batch.rows) == 1 else max(batch.rows, key=_instant)
        if newest.at_us > self.measured_us:
            self.values = Measured(batch.names, newest.values)
            self.measured_us = newest.at_us

    def remember(self, batch: SampleBatch, received: float, windows: Mapping[str, float]) -> None:
        """Keep what rules look at: metric to the longest window in seconds. The center's clock counts, not the node's; a name
        without a value is left out, as everywhere. Of a metric of any service (`*`) it is the largest value."""
        if batch.history:
            return
        self.measured += 1
        places = places_of(batch.names)
        for name, window in windows.items():
            place = places.get(name)
            if place is not None:
                among: Sequence[int] = (place,)
            elif "*" not in name or not (among := places_fitting(batch.names, name)):
                continue
            points = self.recent.setdefault(name, deque())
            for row in batch.rows:
                if (value := largest(row, among)) is not None:
                    points.append((received, value))
            while points and points[0][0] <= received - window:
                points.popleft()


def largest(row: SampleRow, places: Sequence[int]) -> float | None:
    """The largest of the values at some places; None where there is none."""
    if len(places) == 1:
        return row.values[places[0]] if places[0] < len(row.values) else None
    known = [
        value for place in places if place < len(row.values) and (value := row.values[place]) is not None
    ]
    return max(known, default=None)


def _instant(row: SampleRow) -> int:
    return row.at_us


class Fleet:
    """All active nodes by name, in the order of their names."""

    def __init__(self) -> None:
        self._nodes: dict[str, NodeState] = {}
        self.windows: dict[str, float] = {}
        """Metrics that rules look at, with their longest window in seconds."""

    def __iter__(self) -> Iterator[NodeState]:
        return iter(self._nodes.values())

    def __len__(self) -> int:
        return len(self._nodes)

    def get(self, name: str) -> NodeState | None:
        return self._nodes.get(name)

    def of_branch(self, branch: str) -> list[NodeState]:
        return [node for node in self if node.branch == branch]

    def of_host(self, host: str) -> list[NodeState]:
        return [node for node in self if node.host == host]

    def hosts_shared(self) -> dict[str, list[NodeState]]:
        """The hosts on which several nodes live, with those nodes."""
        found: dict[str, list[NodeState]] = {}
        for node in self:
            if node.host:
                found.setdefault(node.host, []).append(node)
        return {host: nodes for host, nodes in found.items() if len(nodes) > 1}

    def behind(self, name: str) -> list[NodeState]:
        return [node for node in self if node.behind == name]

    def put(self, record: Node) -> NodeState | None:
        """Take a node's record: a new or changed node appears, a revoked one leaves. What it reported is kept."""
        if record.status != "active":
            self._nodes.pop(record.name, None)
            return None
        known = self._nodes.get(record.name)
        if known is None:
            known = NodeState(record.name, record.role, record.branch, record.behind, record.public_key)
            self._nodes[record.name] = known
            self._nodes = dict(sorted(self._nodes.items()))
        known.role, known.branch, known.behind = record.role, record.branch, record.behind
        known.public_key, known.next_public_key = record.public_key, record.next_public_key
        return known

    def fill(self, records: Iterable[Node]) -> None:
        """Take many records at once."""
        for record in sorted(records, key=lambda record: record.name):
            if record.status == "active":
                self._nodes[record.name] = NodeState(
                    record.name,
                    record.role,
                    record.branch,
                    record.behind,
                    record.public_key,
                    record.next_public_key,
                )


async def load_heard(fleet: Fleet) -> None:
    """What the store remembers of each node's last report. Inside `telemetry.reading()`."""
    hellos = {
        row["node"]: row["content"] for row in await fetch_all("SELECT node, content FROM telemetry_hello")
    }
    for row in await fetch_all("SELECT node, received_us, replay, state, strip FROM telemetry_heard"):
        node = fleet.get(row["node"])
        if node is None:
            continue
        node.replay = ReplayState.from_text(row["replay"])
        node.received_at = from_micros(row["received_us"])
        node.state = msgspec.json.decode(row["state"], type=StateReport | None)
        node.strip = Strip.from_text(row["strip"])
        if node.name in hellos:
            node.hello = msgspec.json.decode(hellos[node.name], type=Hello)
