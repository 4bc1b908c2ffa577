"""Which open incident explains which other one: what is told is the cause, the others are linked to it. Pure.

By place, never by time alone: a node, machine or line that is silent explains services that fail there, what Alertmanager says of
it, and replication that lags there; a service that does not run explains the lag of its node; headquarters explains every lag.
What measures a machine (CPU, memory, disk) is explained by nothing: it may be the reason why the node fell silent. Its CPU
explains an agent there that is starved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from netops.center.alerts.topology import Place

DOWN = frozenset({"silent", "host_down", "line_down"})
"""A node, a machine, a branch's line: all that lives there is explained."""
BROKEN = frozenset({"crash_loop", "given_up", "unhealthy"})
"""A service that does not run or does not answer."""
HEADQUARTERS_ROLES = frozenset({"hq", "headquarters"})
LAG = "replication_lag_seconds"
LOAD, STARVED = "cpu_ratio", "agent_lag_seconds"
"""What takes a machine's CPU takes it from the agent, too."""
BEFORE_SECONDS = 300.0
"""A silence is seen after what it brings: an effect may be known this much earlier than its cause."""
AFTER_SECONDS = 120.0
"""So long an effect may outlast its cause before it stands for itself."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An incident as the rules see it; `closed_at` None while it is open, instants in seconds. `caused_by`: the id it is linked to."""

    id: str
    kind: str
    opened_at: float
    nodes: frozenset[str] = frozenset()
    metric: str = ""
    closed_at: float | None = None
    caused_by: str = ""

    @property
    def is_load(self) -> bool:
        return self.kind == "rule" and self.metric == LOAD

    @property
    def is_starved(self) -> bool:
        return self.kind == "rule" and self.metric == STARVED

    @property
    def is_lag(self) -> bool:
        return self.kind == "rule" and self.metric.endswith(LAG)


def causes_of(incidents: Sequence[Seen], places: Mapping[str, Place], at: float) -> dict[str, str]:
    """The id of its cause for each open incident that has one. `incidents`: the open ones, and those that ended lately."""
    open_ones = [one for one in incidents if one.closed_at is None]
    found: dict[str, str] = {}
    for effect in open_ones:
        rank = {
            cause.id: _rank(cause, effect, places)
            for cause in incidents
            if cause.id != effect.id and _is_in_time(cause, effect, at)
        }
        order = {one.id: one.opened_at for one in incidents}
        fits = [id for id, place in rank.items() if place]
        if fits:
            found[effect.id] = min(fits, key=lambda id: (rank[id], order[id], id))
    return found


def _is_in_time(cause: Seen, effect: Seen, at: float) -> bool:
    """Whether the cause was there when the effect began, and is, or was a moment ago for what is linked to it already."""
    if effect.opened_at < cause.opened_at - BEFORE_SECONDS:
        return False
    return cause.closed_at is None or (effect.caused_by == cause.id and at - cause.closed_at < AFTER_SECONDS)


def _rank(cause: Seen, effect: Seen, places: Mapping[str, Place]) -> int:
    """How directly: 1 the place is down, 2 a service there is; 0 it explains nothing."""
    is_there = bool(effect.nodes) and effect.nodes <= cause.nodes
    if cause.kind in DOWN:
        is_explained = effect.kind in BROKEN or effect.kind == "alertmanager" or effect.is_lag
        return int(is_explained and (is_there or (effect.is_lag and _holds_headquarters(cause, places))))
    if cause.kind in BROKEN and effect.is_lag and (is_there or _holds_headquarters(cause, places)):
        return 2
    if cause.is_load and effect.is_starved and is_there:
        return 2
    return 0


def _holds_headquarters(cause: Seen, places: Mapping[str, Place]) -> bool:
    return any(places[name].is_headquarters for name in cause.nodes if name in places)
