"""The rules that a new center starts with; people may change or switch off each."""

from __future__ import annotations

from netops.center.alerts.rules import Rule
from netops.center.alerts.words import LAG_OF_ANY
from netops.center.models import AlertRule
from shared.i18n import N_

UNUSUAL_LOAD = Rule(
    0, N_("CPU is far above what is usual here"), "cpu_ratio", "deviation", 300, 4.0, 2.0, 0, 1_800, 3, least_change=0.1
)  # fmt: skip
DEFAULTS = (
    UNUSUAL_LOAD,
    Rule(0, N_("CPU is overloaded"), "cpu_ratio", "above", 300, 0.9, 0.75, 180, 300, 2),
    Rule(0, N_("Memory is nearly used up"), "memory_used_ratio", "above", 120, 0.92, 0.85, 120, 300, 2),
    Rule(0, N_("The disk is nearly full"), "disk_used_ratio", "above", 300, 0.9, 0.85, 300, 600, 2),
    Rule(
        0, N_("No more files can be made on the disk"), "disk_files_used_ratio", "above", 300, 0.95, 0.9, 300, 600, 2
    ),
    Rule(0, N_("Tasks wait for the disk"), "io_pressure_ratio", "above", 300, 0.6, 0.3, 300, 300, 3),
    Rule(
        0, N_("The agent is starved"), "agent_lag_seconds", "above", 60, 2.0, 0.5, 60, 300, 3,
        advice=N_("The host has no time left for its watcher: look for what takes the CPU."),
    ),
    Rule(
        0, N_("Changes of the branch do not reach headquarters"), LAG_OF_ANY, "above", 60, 120.0, 30.0, 60, 60, 2,
        advice=N_("People there work on, and nothing is lost. Look at the branch's line to headquarters; its page of replication says what it last heard."),
    ),
)  # fmt: skip


async def make_defaults() -> int:
    """Write the default rules when there is none at all; how many were written. May be run any number of times."""
    if await AlertRule.exists():
        return 0
    for rule in DEFAULTS:
        await AlertRule.create(
            name=rule.name, metric=rule.metric, kind=rule.kind, window_seconds=rule.window_seconds,
            fire_at=rule.fire_at, clear_at=rule.clear_at, least_change=rule.least_change, for_seconds=rule.for_seconds,
            keep_seconds=rule.keep_seconds, severity=rule.severity, advice=rule.advice,
        )  # fmt: skip
    return len(DEFAULTS)
