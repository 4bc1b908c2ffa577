"""What the agent decides alone: restart or wait, hung or only slow, which rung of the ladder. Pure; times are seconds
of the host's monotonic clock since boot, so that neither a clock set back nor a restarted agent bends a budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import msgspec

from shared.nodes.report import Condition


class RestartPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a service that ended is started again. The defaults are the product's promise; see netops/README.md."""

    good_seconds: float = 60.0
    """Ready for that long is 'good': the next failure is the first again, and a crash loop is healed."""
    first_delay_seconds: float = 0.5
    factor: float = 2.0
    jitter: float = 0.25
    longest_delay_seconds: float = 60.0
    budget_starts: int = 5
    budget_seconds: float = 600.0
    slow_try_seconds: float = 300.0


class History(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of a service's starts, kept in the journal across restarts of the agent."""

    starts: tuple[float, ...] = ()
    """Starts the agent made on its own within the budget's window, oldest first."""
    failures: int = 0
    """Failures in a row that were not preceded by a good time."""
    looping_since: float | None = None


@dataclass(frozen=True, slots=True)
class Restart:
    """Start again after `delay_seconds` (0 = at once)."""

    delay_seconds: float


@dataclass(frozen=True, slots=True)
class CrashLoop:
    """The budget is used up: one try after `delay_seconds`. `is_new` when this opens the incident."""

    delay_seconds: float
    is_new: bool


def starts_in_window(policy: RestartPolicy, history: History, at: float) -> int:
    return sum(1 for start in history.starts if start > at - policy.budget_seconds)


def after_start(policy: RestartPolicy, history: History, at: float) -> History:
    """The history with one more start; starts that left the window are forgotten."""
    kept = tuple(start for start in history.starts if start > at - policy.budget_seconds)
    return msgspec.structs.replace(history, starts=(*kept, at))


def after_exit(
    policy: RestartPolicy, history: History, *, at: float, good_for: float, chance: float
) -> tuple[History, Restart | CrashLoop]:
    """What to do about an end that nobody asked for. Every one counts, however long the service had lived.

    `good_for` is how long the service had been ready (0 when it never was), `chance` a random number in [0, 1).
    1. Budget used up (or still looping): crash loop, one slow try.
    2. First failure after a good time: at once.
    3. Else the delay doubles from `first_delay_seconds`, with jitter, up to the cap.
    """
    was_good = good_for >= policy.good_seconds
    if was_good and history.looping_since is not None:
        history = healed(history)
    failures = 0 if was_good else history.failures + 1
    if history.looping_since is not None or starts_in_window(policy, history, at) >= policy.budget_starts:
        is_new = history.looping_since is None
        looping = msgspec.structs.replace(
            history, failures=failures, looping_since=at if is_new else history.looping_since
        )
        return looping, CrashLoop(policy.slow_try_seconds, is_new)
    history = msgspec.structs.replace(history, failures=failures)
    return history, Restart(delay_of(policy, failures, chance))


def delay_of(policy: RestartPolicy, failures: int, chance: float) -> float:
    """Seconds before the next start after `failures` quick failures in a row; 0 for the first after a good time."""
    if failures <= 0:
        return 0.0
    plain = min(
        policy.first_delay_seconds * policy.factor ** min(failures - 1, 60), policy.longest_delay_seconds
    )
    return min(plain * (1 + policy.jitter * (2 * chance - 1)), policy.longest_delay_seconds)


def resume_at(policy: RestartPolicy, history: History) -> float:
    """When an agent that itself was restarted may start a service that was not running: not before the old agent would
    have. Jitter is left out."""
    if not history.starts:
        return 0.0
    if history.looping_since is not None:
        return history.starts[-1] + policy.slow_try_seconds
    return history.starts[-1] + delay_of(policy, history.failures, 0.5)


def healed(history: History) -> History:
    """After a good time. The starts stay: a relapse within the window is a crash loop again at once."""
    return msgspec.structs.replace(history, failures=0, looping_since=None)


class ProbePolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many answers may be missed: `misses` of the last `of`."""

    misses: int = 2
    of: int = 3


@dataclass(frozen=True, slots=True)
class Signs:
    """What else is known when a probe is missed."""

    is_starved: bool = False
    """The agent itself was kept waiting while it probed: its own measurement is worth nothing."""
    is_working: bool = False
    """The process has used CPU time since the first miss or waits for a disk: slow, perhaps overloaded, not stuck."""
    is_stopped: bool = False
    """The kernel says the process is stopped (state T, not by a debugger): it cannot answer and cannot act on TERM."""


PATIENCE = 3
"""A process that still works may miss this many times as many probes before it counts as hung."""


@dataclass(frozen=True, slots=True)
class ProbeRecord:
    """The last answers of one probe, newest last, True = answered."""

    answers: tuple[bool, ...] = ()

    def after(self, is_good: bool, policy: ProbePolicy) -> ProbeRecord:
        longest = policy.of * PATIENCE
        if is_good and len(self.answers) == longest and False not in self.answers:
            return self
        return ProbeRecord((*self.answers, is_good)[-longest:])

    @property
    def is_good(self) -> bool:
        """The newest answer was good."""
        return bool(self.answers) and self.answers[-1]


def is_hung(policy: ProbePolicy, record: ProbeRecord, signs: Signs) -> bool:
    """Whether missed probes mean that the service must be ended and started again. A stopped process needs one miss: asking
    again cannot help it."""
    if signs.is_stopped:
        return not record.is_good
    if signs.is_starved:
        return False
    factor = PATIENCE if signs.is_working else 1
    window = record.answers[-policy.of * factor :]
    return window.count(False) >= policy.misses * factor


Rung = Literal["none", "throttle", "drain", "restart", "restart_with_dependants", "standby", "reboot"]
LADDER: tuple[Rung, ...] = (
    "none",
    "throttle",
    "drain",
    "restart",
    "restart_with_dependants",
    "standby",
    "reboot",
)
Trouble = Literal["overload", "exhaustion", "pressure"]


def next_rung(trouble: Trouble, rung: Rung, available: frozenset[Rung]) -> Rung | None:
    """The next thing to try when the trouble has held on at `rung`; None when there is nothing left but to tell a person.

    Overload (CPU, latency, queue) is met with less load and never with a restart, unless both throttle and drain exist
    and were tried. Exhaustion (memory, descriptors, threads over the limit) is not cured by less load: what is not
    available is stepped over. Pressure (the host has no CPU left, whoever uses it) is no fault of the service: it is
    throttled and nothing more. Standby and reboot are never taken here: standby.py and a person decide over them.
    """
    if trouble == "pressure":
        return "throttle" if rung == "none" and "throttle" in available else None
    for candidate in LADDER[LADDER.index(rung) + 1 :]:
        if candidate in ("standby", "reboot"):
            return None
        if candidate in ("throttle", "drain") and candidate not in available:
            continue
        if (
            trouble == "overload"
            and candidate.startswith("restart")
            and not {"throttle", "drain"} <= available
        ):
            return None
        if candidate == "restart_with_dependants" and candidate not in available:
            return None
        return candidate
    return None


class Watch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A limit on a measurement of a service: broken when above `above` for `for_seconds`, over when below `clear`."""

    metric: Literal["cpu_ratio", "rss_bytes", "open_files", "threads", "host_cpu_pressure_ratio"]
    above: float
    clear: float | None = None
    for_seconds: float = 60.0
    clear_seconds: float = 60.0

    @property
    def trouble(self) -> Trouble:
        if self.metric == "host_cpu_pressure_ratio":
            return "pressure"
        return "overload" if self.metric == "cpu_ratio" else "exhaustion"


@dataclass(frozen=True, slots=True)
class Breach:
    """Where a watched measurement stands. `since` is when it last crossed towards the opposite of `is_broken`."""

    is_broken: bool = False
    since: float | None = None
    step_at: float | None = None
    """When the ladder was last climbed for it."""


def watch_step(watch: Watch, breach: Breach, value: float | None, at: float) -> Breach:
    """The breach after one more measurement. No measurement changes nothing: silence never clears a breach."""
    if value is None:
        return breach
    clear = watch.above if watch.clear is None else watch.clear
    is_crossing = value <= clear if breach.is_broken else value > watch.above
    if not is_crossing:
        return replace(breach, since=None)
    since = at if breach.since is None else breach.since
    hold = watch.clear_seconds if breach.is_broken else watch.for_seconds
    if at - since >= hold:
        return Breach(is_broken=not breach.is_broken)
    return replace(breach, since=since)


def start_order(dependencies: Mapping[str, Sequence[str]]) -> list[str]:
    """Service names so that each comes after all it depends on. ValueError names an unknown one or a circle."""
    order: list[str] = []
    path: list[str] = []

    def visit(name: str) -> None:
        if name in order:
            return
        if name in path:
            raise ValueError("services depend on each other in a circle: " + " -> ".join([*path, name]))
        if name not in dependencies:
            raise ValueError(f"service {path[-1]} depends on {name}, which is not in the node file")
        path.append(name)
        for needed in dependencies[name]:
            visit(needed)
        path.pop()
        order.append(name)

    for name in dependencies:
        visit(name)
    return order


def dependants_of(name: str, dependencies: Mapping[str, Sequence[str]]) -> list[str]:
    """All services that need `name`, directly or through others, in the order in which to start them."""
    found = {name}
    for candidate in start_order(dependencies):
        if found.intersection(dependencies[candidate]):
            found.add(candidate)
    return [candidate for candidate in start_order(dependencies) if candidate in found and candidate != name]


def condition_of(
    *, services_failed: int, services_unready: int, cpu_pressure: float, is_breached: bool
) -> Condition:
    """The node's condition in one word. `cpu_pressure` is the share of the last 10 s in which somebody waited for CPU."""
    if services_failed:
        return "failed"
    if is_breached or cpu_pressure >= 0.6:
        return "overloaded"
    if services_unready or cpu_pressure >= 0.3:
        return "busy"
    return "ok"
