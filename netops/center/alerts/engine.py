"""Looks at all nodes every few seconds and keeps the open incidents equal to the troubles that there are.

One task per center. What stands in memory (how each rule stands, baselines) is built again after a restart; what is open
is read from the incidents, so a restart neither forgets nor repeats one.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from netops.center.alerts.causes import AFTER_SECONDS, BROKEN, DOWN, HEADQUARTERS_ROLES, Seen, causes_of
from netops.center.alerts.rules import (
    QUIET,
    REOPEN_SECONDS,
    Baseline,
    Rule,
    Standing,
    step,
    window_mean,
)
from netops.center.alerts.topology import Place, Trouble, suspects_itself, troubles_of_silence
from netops.center.incidents.actions import (
    change_members,
    close_incident,
    escalate,
    link,
    open_incident,
    reopen,
)
from netops.center.models import AlertRule, Incident
from netops.center.nodes.rules import contact
from netops.center.nodes.state import Fleet, NodeState
from netops.center.settings import CenterSettings

NODES_PER_BREATH = 50
CENTER_CAUSE = "center"
NOT_OURS = ("agent ", "alertmanager ")
"""How causes begin whose end somebody else tells."""
OF_AGENT = "agent "
FORGOTTEN_SECONDS = 60.0
SOME_ITEMS = 50
"""So much waits at a node that is reporting: what is on its way, no backlog."""
HOST_MARK = "@"
"""Before the name of a machine in the cause of a rule; no node's name begins with it."""


@dataclass(frozen=True, slots=True)
class Calm:
    """`measured` as it was of the node at that look; `until` is a second of the center's clock."""

    measured: int
    until: float


@dataclass(slots=True)
class Engine:
    """The standing of every rule on every node, and when each late node went late. `look` is called with a growing `now`."""

    fleet: Fleet
    settings: CenterSettings
    rules: list[Rule] = field(default_factory=list)
    standings: dict[tuple[int, str], Standing] = field(default_factory=dict)
    baselines: dict[tuple[str, str], Baseline] = field(default_factory=dict)
    late_since: dict[str, float] = field(default_factory=dict)
    moving: list[Rule] = field(default_factory=list)
    """The rules whose levels move by themselves: they are looked at every time."""
    calm: dict[str, Calm] = field(default_factory=dict)
    """Of each node, how long nothing but a new measurement can change how the other rules stand there."""
    missed: dict[str, float] = field(default_factory=dict)
    """Since when an agent has not named an open incident of its own, by id."""
    suspects_itself: bool = False
    cannot_keep: bool = False
    """The store of samples and lines has no room."""

    async def load_rules(self) -> None:
        """Read the rules as they are now. Standings of rules that were changed begin anew; open incidents stay open."""
        fresh = [rule_of(record) for record in await AlertRule.filter(is_enabled=True).order_by("id")]
        before = {rule.id: rule for rule in self.rules}
        changed = {rule.id for rule in fresh if before.get(rule.id) != rule}
        self.standings = {key: value for key, value in self.standings.items() if key[0] not in changed}
        self.rules, self.moving = fresh, [rule for rule in fresh if rule.kind == "deviation"]
        self.calm.clear()
        windows: dict[str, float] = {}
        for rule in fresh:
            windows[rule.metric] = max(windows.get(rule.metric, 0.0), float(rule.window_seconds))
        self.fleet.windows = windows

    async def look(self, now: datetime) -> bool:
        """One round: 1. what is wrong now  2. open, change and close incidents  3. link them to their causes  4. escalate.
        Whether anything changed."""
        at = now.timestamp()
        known = {incident.cause: incident for incident in await Incident.filter(closed_at=None)}
        wanted = {trouble.cause: (trouble, facts) async for trouble, facts in self._troubles(at, now, known)}
        changed = False
        for cause, (trouble, facts) in wanted.items():
            if cause in known:
                before = list(known[cause].nodes)
                await change_members(known[cause], trouble.nodes, now)
                changed |= before != list(trouble.nodes)
            else:
                await self._open(trouble, facts, now)
                changed = True
        forgotten = self._forgotten(known.values(), at)
        for cause, incident in known.items():
            is_over = cause not in wanted and not cause.startswith(NOT_OURS) and not self._is_undecided(cause)
            if is_over or incident.id in forgotten:
                await close_incident(incident, now)
                changed = True
        changed |= await self._link(now)
        return await self._escalate(known.values(), now) or changed

    def _forgotten(self, incidents: Iterable[Incident], at: float) -> set[str]:
        """What agents told of and will not tell the end of: the node is revoked, or it has reported for a while that it has no
        such incident, with no backlog that could still bring the end. Its agent lost its memory, or another has its place."""
        before, self.missed = self.missed, {}
        found = set()
        for incident in incidents:
            if not incident.cause.startswith(OF_AGENT):
                continue
            node = self.fleet.get(incident.node)
            if node is None:
                found.add(incident.id)
            elif _denies(node, incident):
                since = self.missed[incident.id] = before.get(incident.id, at)
                if node.received_at is not None and node.received_at.timestamp() - since >= FORGOTTEN_SECONDS:
                    found.add(incident.id)
        return found

    async def _link(self, now: datetime) -> bool:
        """Link what is open to what explains it, and let go what outlasts its cause; whether anything changed."""
        lately = now - timedelta(seconds=AFTER_SECONDS)
        found = {one.id: one for one in await Incident.filter(closed_at=None, is_history=False)}
        ended = await Incident.filter(closed_at__gte=lately, kind__in=[*DOWN, *BROKEN], is_history=False)
        if len(found) < 2 and not any(one.caused_by for one in found.values()):
            return False
        causes = causes_of([seen(one) for one in (*found.values(), *ended)], self._places(), now.timestamp())
        changed = [one for one in found.values() if one.caused_by != causes.get(one.id, "")]
        numbers = {one.id: one.number for one in (*found.values(), *ended)}
        for incident in changed:
            cause = causes.get(incident.id, "")
            await link(incident, cause, numbers.get(cause or incident.caused_by), now)
        return bool(changed)

    def _places(self) -> dict[str, Place]:
        """Where the nodes stand."""
        return {
            node.name: Place(node.branch, node.behind, node.host, node.role in HEADQUARTERS_ROLES)
            for node in self.fleet
        }

    async def _troubles(
        self, at: float, now: datetime, known: dict[str, Incident]
    ) -> AsyncIterator[tuple[Trouble, dict[str, Any]]]:
        """What is wrong now, each cause once. It lets reports in after every few nodes."""
        silent = self._silent(at, now)
        if self.cannot_keep:
            yield Trouble("recorder", "recorder", 1), {}
        if self.suspects_itself:
            names = tuple(sorted(self.late_since))
            yield Trouble(CENTER_CAUSE, "center", 1, nodes=names), {"count": len(names)}
        else:
            for trouble in troubles_of_silence(self._places(), silent):
                yield trouble, {}
        shared = self.fleet.hosts_shared()
        by_cause: dict[str, Trouble] = {}
        for place, node in enumerate(list(self.fleet)):
            if place % NODES_PER_BREATH == NODES_PER_BREATH - 1:
                await asyncio.sleep(0)
            if node.received_at is not None:
                for trouble, facts in self._rules_of(node, at, known, shared):
                    if trouble.cause not in by_cause:  # the first node of a machine speaks for all
                        by_cause[trouble.cause] = trouble
                        yield trouble, facts

    def _silent(self, at: float, now: datetime) -> set[str]:
        """Names of silent nodes outside maintenance; notes who went late and whether the center doubts itself."""
        silent: set[str] = set()
        heard_count = 0
        for node in self.fleet:
            if node.received_at is None:
                continue
            heard_count += 1
            state = contact(
                node.received_at,
                now,
                late_seconds=self.settings.late_seconds,
                silent_seconds=self.settings.silent_seconds,
            )
            if state == "live" or node.mode == "maintenance":
                self.late_since.pop(node.name, None)
                continue
            went_late = node.received_at.timestamp() + self.settings.late_seconds
            self.late_since.setdefault(node.name, went_late)
            if state == "silent":
                silent.add(node.name)
        self.late_since = {name: since for name, since in self.late_since.items() if self.fleet.get(name)}
        self.suspects_itself = suspects_itself(
            self.suspects_itself, list(self.late_since.values()), heard_count, at
        )
        return silent

    def _rules_of(
        self,
        node: NodeState,
        at: float,
        known: dict[str, Incident],
        shared: Mapping[str, Sequence[NodeState]],
    ) -> Iterable[tuple[Trouble, dict[str, Any]]]:
        """Troubles by rule on one node. A late node's values are unknown; in maintenance nothing new fires.

        What a rule finds about a machine on which several nodes live has one cause there, and names them all.
        """
        is_late = node.name in self.late_since
        calm = self.calm.get(node.name)
        is_calm = calm is not None and calm.measured == node.measured and at < calm.until and not is_late
        until = math.inf
        for rule in self.moving if is_calm else self.rules:
            if not rule.is_for(node.name, node.role):
                continue
            key = (rule.id, node.name)
            points = node.recent.get(rule.metric)
            value = None if is_late or not points else window_mean(points, at, rule.window_seconds)
            normal = None
            if rule.kind == "deviation":
                baseline = self._baseline(node.name, rule.metric)
                if value is not None and points:
                    baseline.add(at, points[-1][1])
                normal = baseline.normal()
            before = self.standings.get(key) or Standing(is_open=_cause(rule, node, shared)[0] in known)
            after = self.standings[key] = step(rule, before, value, normal, at)
            if points or after.is_open:
                until = min(until, calm_until(rule, after, points or (), at))
            if not after.is_open:
                continue
            cause, nodes = _cause(rule, node, shared)
            if cause in known or node.mode != "maintenance":
                facts = {"rule": rule.name, "metric": rule.metric, "value": value, "limit": after.limit}
                yield Trouble(cause, "rule", rule.severity, node.name, node.branch, nodes), facts
        if not is_calm:
            self.calm[node.name] = Calm(node.measured, until)

    def _baseline(self, node: str, metric: str) -> Baseline:
        key = (node, metric)
        found = self.baselines.get(key)
        if found is None:
            found = self.baselines[key] = Baseline()
        return found

    def _is_undecided(self, cause: str) -> bool:
        """A rule's incident whose node reported nothing since the start: no data never resolves."""
        if self.suspects_itself and cause.split(" ")[0] in ("silent", "line", "host"):
            return True
        words = cause.split(" ", 2)
        if words[0] != "rule" or not any(rule.id == int(words[1]) for rule in self.rules):
            return False
        number, place = int(words[1]), words[2]
        if place.startswith(HOST_MARK):
            names = [node.name for node in self.fleet.of_host(place.removeprefix(HOST_MARK))]
        else:
            names = [place] if self.fleet.get(place) else []
        return bool(names) and not any((number, name) in self.standings for name in names)

    async def _open(self, trouble: Trouble, facts: dict[str, Any], now: datetime) -> None:
        """Open the incident of a trouble; the same trouble within ten minutes of its end is the same incident again."""
        lately = now - timedelta(seconds=REOPEN_SECONDS)
        before = await Incident.filter(cause=trouble.cause, closed_at__gte=lately).order_by("-number").first()
        if before is not None:
            before.nodes = list(trouble.nodes)
            await reopen(before, now, facts)
            return
        await open_incident(
            trouble.kind,
            trouble.cause,
            severity=trouble.severity,
            opened_at=now,
            nodes=trouble.nodes,
            node=self.fleet.get(trouble.node) if trouble.node else None,
            branch=trouble.branch,
            facts=facts,
        )

    async def _escalate(self, incidents: Iterable[Incident], now: datetime) -> bool:
        """What is grave and nobody acknowledged in time goes to the channels for escalation."""
        patience = timedelta(minutes=self.settings.escalate_minutes)
        due = [
            incident
            for incident in incidents
            if incident.acknowledged_at is None
            and incident.escalated_at is None
            and not (incident.is_history or incident.is_muted or incident.caused_by)
            and incident.severity <= 2
            and now - incident.known_at >= patience
            and not (incident.snoozed_until and incident.snoozed_until > now)
        ]
        for incident in due:
            await escalate(incident, "", "")
        return bool(due)


def calm_until(rule: Rule, standing: Standing, points: Sequence[tuple[float, float]], at: float) -> float:
    """Until when a rule of fixed levels stands as it does at `at` if nothing is measured: until its oldest point leaves its window,
    when it is quiet by points that all lie in it; else not at all."""
    if standing is not QUIET or points[-1][0] > at:
        return -math.inf
    return points[0][0] + rule.window_seconds


def seen(incident: Incident) -> Seen:
    """What the rules of causes see of a record."""
    return Seen(
        incident.id,
        incident.kind,
        incident.opened_at.timestamp(),
        frozenset(incident.nodes or [incident.node]) - {""},
        str(incident.facts.get("metric", "")),
        incident.closed_at.timestamp() if incident.closed_at else None,
        incident.caused_by,
    )


def rule_of(record: AlertRule) -> Rule:
    """The pure rule of a record."""
    return Rule(
        record.id,
        record.name,
        record.metric,
        record.kind,  # type: ignore[arg-type]
        record.window_seconds,
        record.fire_at,
        record.clear_at,
        record.for_seconds,
        record.keep_seconds,
        record.severity,
        record.least_change,
        frozenset(record.roles.replace(",", " ").split()),
        frozenset(record.nodes.replace(",", " ").split()),
        record.advice,
    )


def _cause(
    rule: Rule, node: NodeState, shared: Mapping[str, Sequence[NodeState]]
) -> tuple[str, tuple[str, ...]]:
    """The cause of what a rule finds on a node, and whom it concerns: on a machine of several nodes all of them."""
    if node.host in shared and rule.is_of_host:
        nodes = tuple(one.name for one in shared[node.host] if rule.is_for(one.name, one.role))
        if len(nodes) > 1:
            return f"rule {rule.id} {HOST_MARK}{node.host}", nodes
        return f"rule {rule.id} {node.name}", nodes
    return f"rule {rule.id} {node.name}", (node.name,)


def _denies(node: NodeState, incident: Incident) -> bool:
    """Whether the node's newest state, with no backlog behind it, names crash loops and not this one."""
    state = node.state
    if state is None or state.spool_items > SOME_ITEMS:
        return False
    return incident.kind == "crash_loop" and incident.id not in state.open_incidents
