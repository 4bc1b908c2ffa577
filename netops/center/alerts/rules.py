"""When a rule fires and when it clears again. Pure: every instant is a number of seconds, every limit a parameter.

A rule looks at the mean of a metric over its window. It fires when the mean was at its fire level for `for_seconds`, and
clears when it was beyond its clear level for `keep_seconds`; between the levels it stays what it was. Without data it is
unknown, and what fired stays open: no data never resolves.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

State = Literal["ok", "pending", "firing", "unknown"]
Kind = Literal["above", "below", "deviation"]

BUCKET_SECONDS = 300
KEPT_BUCKETS = 288
LEAST_BUCKETS = 36
"""A baseline speaks after three hours of data."""
FLAP_WINDOW_SECONDS = 3_600
FLAPPING_FROM = 4
REOPEN_SECONDS = 600
"""A rule that fires again so soon after it cleared opens the same incident again."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`fire_at` and `clear_at` are in the metric's unit (above, below) or in deviations from the baseline (deviation);
    a deviation must also be at least `least_change` of the metric's unit away from the mean."""

    id: int
    name: str
    metric: str
    kind: Kind
    window_seconds: int
    fire_at: float
    clear_at: float
    for_seconds: int
    keep_seconds: int
    severity: int
    least_change: float = 0.0
    roles: frozenset[str] = frozenset()
    nodes: frozenset[str] = frozenset()
    advice: str = ""

    @property
    def is_of_host(self) -> bool:
        """Whether its metric is the machine's: all nodes on one machine measure the same."""
        return not self.metric.startswith(("service.", "agent_")) or self.metric == "agent_lag_seconds"

    def is_for(self, node: str, role: str) -> bool:
        """Whether the rule watches this node; empty scopes mean all."""
        return (not self.roles or role in self.roles) and (not self.nodes or node in self.nodes)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a rule stands on a node. `over_since` is when it last became bad without a break, `clear_since` likewise good;
    `is_open` from firing until cleared; `fired_at` holds the times it fired within the last hour."""

    state: State = "ok"
    over_since: float | None = None
    clear_since: float | None = None
    is_open: bool = False
    value: float | None = None
    limit: float | None = None
    fired_at: tuple[float, ...] = ()

    @property
    def is_flapping(self) -> bool:
        return len(self.fired_at) >= FLAPPING_FROM

    @property
    def is_untouched(self) -> bool:
        """Nothing runs that must be remembered."""
        return not self.is_open and self.over_since is None and self.clear_since is None


QUIET = Standing()
"""Nothing was ever bad lately: what most rules on most nodes are, most of the time."""


@dataclass(frozen=True, slots=True)
class Normal:
    """Mean and deviation of the last day; None until enough is known."""

    mean: float
    deviation: float


class Baseline:
    """The last day of one metric of one node in buckets of five minutes. `add` in order of time."""

    def __init__(self) -> None:
        self._means: deque[float] = deque()
        self._bucket = -1
        self._sum, self._count = 0.0, 0
        self._total, self._squares = 0.0, 0.0

    def add(self, at: float, value: float) -> None:
        """A measurement. One older than the present bucket is left out."""
        bucket = int(at // BUCKET_SECONDS)
        if bucket < self._bucket:
            return
        if bucket > self._bucket:
            self._close()
            self._bucket = bucket
        self._sum += value
        self._count += 1

    def normal(self) -> Normal | None:
        """What is usual, from whole buckets only: the present one is what is judged."""
        count = len(self._means)
        if count < LEAST_BUCKETS:
            return None
        mean = self._total / count
        return Normal(mean, math.sqrt(max(0.0, self._squares / count - mean * mean)))

    def _close(self) -> None:
        if not self._count:
            return
        mean = self._sum / self._count
        self._sum, self._count = 0.0, 0
        self._means.append(mean)
        self._total += mean
        self._squares += mean * mean
        if len(self._means) > KEPT_BUCKETS:
            gone = self._means.popleft()
            self._total -= gone
            self._squares -= gone * gone


@dataclass(frozen=True, slots=True)
class Levels:
    """The levels of a rule in the metric's unit, at this moment. `upward`: bad is above."""

    fire: float
    clear: float
    upward: bool = True

    def is_over(self, value: float) -> bool:
        return value >= self.fire if self.upward else value <= self.fire

    def is_clear(self, value: float) -> bool:
        return value < self.clear if self.upward else value > self.clear


def levels(rule: Rule, normal: Normal | None) -> Levels | None:
    """None when a baseline is not known yet: such a rule stays quiet."""
    if rule.kind != "deviation":
        return Levels(rule.fire_at, rule.clear_at, rule.kind == "above")
    if normal is None:
        return None
    fire = normal.mean + max(rule.fire_at * normal.deviation, rule.least_change)
    clear = normal.mean + max(
        rule.clear_at * normal.deviation, rule.least_change * rule.clear_at / rule.fire_at
    )
    return Levels(fire, clear)


def _is_calm(rule: Rule, value: float, normal: Normal | None) -> bool:
    """Whether a value is known to be on the good side of the level that fires: most are, of a thousand nodes at each look."""
    if rule.kind != "deviation":
        return value < rule.fire_at if rule.kind == "above" else value > rule.fire_at
    found = levels(rule, normal)
    return found is None or not found.is_over(value)  # without a baseline it stays quiet


def step(rule: Rule, before: Standing, value: float | None, normal: Normal | None, at: float) -> Standing:
    """How the rule stands after looking at `at` (seconds). `value` is the mean over its window, None without data."""
    if value is None and before.state == "unknown":
        return before
    if value is not None and (before is QUIET or before == QUIET) and _is_calm(rule, value, normal):
        return QUIET
    fired = tuple(when for when in before.fired_at if at - when < FLAP_WINDOW_SECONDS)
    if value is None:
        return replace(before, state="unknown", over_since=None, clear_since=None, fired_at=fired)
    found = levels(rule, normal)
    if found is None:
        if before.is_untouched and not fired:
            return QUIET
        return replace(before, state="firing" if before.is_open else "ok", value=value, fired_at=fired)
    over = (before.over_since if before.over_since is not None else at) if found.is_over(value) else None
    clear = (before.clear_since if before.clear_since is not None else at) if found.is_clear(value) else None
    now = replace(before, over_since=over, clear_since=clear, value=value, limit=found.fire, fired_at=fired)
    if before.is_open:
        if clear is not None and at - clear >= rule.keep_seconds:
            return replace(now, state="ok", is_open=False)
        return replace(now, state="firing")
    if over is None:
        return replace(now, state="ok") if fired else QUIET
    if at - over < rule.for_seconds:
        return replace(now, state="pending")
    return replace(now, state="firing", is_open=True, fired_at=(*fired, at))


def window_mean(points: Sequence[tuple[float, float]], at: float, window_seconds: float) -> float | None:
    """Mean of the values of (second, value) within the window that ends at `at`; None when there are none."""
    if points and points[0][0] > at - window_seconds and points[-1][0] <= at:  # they are in order of time
        found = [point[1] for point in points]
    else:
        found = [value for when, value in points if at - window_seconds < when <= at]
    return sum(found) / len(found) if found else None


def episodes(
    rule: Rule, points: Sequence[tuple[float, float]], *, looks_every: float = 0.0
) -> list[tuple[float, float]]:
    """Replays a series of (second, value) through a rule: (fired, cleared) of each time it was open. A rule still open at
    the end ends there. `looks_every` thins the looks of a dense series."""
    baseline, standing = Baseline(), Standing()
    recent: deque[tuple[float, float]] = deque()
    found: list[tuple[float, float]] = []
    looked_at = -math.inf
    for at, value in points:
        recent.append((at, value))
        while recent[0][0] <= at - rule.window_seconds:
            recent.popleft()
        baseline.add(at, value)
        if at - looked_at < looks_every:
            continue
        looked_at = at
        after = step(rule, standing, window_mean(recent, at, rule.window_seconds), baseline.normal(), at)
        if after.is_open and not standing.is_open:
            found.append((at, at))
        if standing.is_open:
            found[-1] = (found[-1][0], at)
        standing = after
    return found
