"""The rules that every center is given, each once; people may change, switch off or delete each."""

from __future__ import annotations

from collections.abc import Mapping

from netops.center.alerts.rules import Rule
from netops.center.alerts.words import LAG_OF_ANY
from netops.center.audit.actions import record
from netops.center.models import AlertRule, OfferedRule
from shared.database import transaction
from shared.i18n import N_

UNUSUAL_LOAD = Rule(
    0, N_("CPU is far above what is usual here"), "cpu_ratio", "deviation", 300, 4.0, 2.0, 0, 1_800, 3, least_change=0.1
)  # fmt: skip
DEFAULTS: Mapping[str, Rule] = {
    "unusual_load": UNUSUAL_LOAD,
    "cpu": Rule(0, N_("CPU is overloaded"), "cpu_ratio", "above", 300, 0.9, 0.75, 180, 300, 2),
    "memory": Rule(0, N_("Memory is nearly used up"), "memory_used_ratio", "above", 120, 0.92, 0.85, 120, 300, 2),
    "disk": Rule(0, N_("The disk is nearly full"), "disk_used_ratio", "above", 300, 0.9, 0.85, 300, 600, 2),
    "disk_files": Rule(
        0, N_("No more files can be made on the disk"), "disk_files_used_ratio", "above", 300, 0.95, 0.9, 300, 600, 2
    ),
    "io_pressure": Rule(0, N_("Tasks wait for the disk"), "io_pressure_ratio", "above", 300, 0.6, 0.3, 300, 300, 3),
    "agent_lag": Rule(
        0, N_("The agent is starved"), "agent_lag_seconds", "above", 60, 2.0, 0.5, 60, 300, 3,
        advice=N_("The host has no time left for its watcher: look for what takes the CPU."),
    ),
    "replication_lag": Rule(
        0, N_("Changes of the branch do not reach headquarters"), LAG_OF_ANY, "above", 60, 120.0, 30.0, 60, 60, 2,
        advice=N_("People there work on, and nothing is lost. Look at the branch's line to headquarters; its page of replication says what it last heard."),
    ),
}  # fmt: skip
"""By key; a key stands for its rule for ever, since centers remember which they were given."""

BEFORE_THE_RECORD = frozenset(
    {"unusual_load", "cpu", "memory", "disk", "disk_files", "io_pressure", "agent_lag"}
)
"""What a center had been given that has rules and no record of what it was given. Never longer: later ones are recorded."""


async def make_defaults() -> int:
    """Write each default rule that this center has never been given; how many. May be run any number of times.

    A rule of the same name counts as given: a center made between that rule and the record has it already.
    """
    async with transaction():
        given = set(await OfferedRule.all().values_list("key", flat=True))
        names = set(await AlertRule.all().values_list("name", flat=True))
        if names and not given:
            given = set(BEFORE_THE_RECORD)
            await OfferedRule.bulk_create([OfferedRule(key=key) for key in sorted(given)])
        fresh = {key: rule for key, rule in DEFAULTS.items() if key not in given}
        missing = [rule for rule in fresh.values() if rule.name not in names]
        for rule in missing:
            await _write(rule)
            if names:
                await record("center", "rule.make", rule.name)
        await OfferedRule.bulk_create([OfferedRule(key=key) for key in fresh])
    return len(missing)


async def _write(rule: Rule) -> None:
    await AlertRule.create(
        name=rule.name, metric=rule.metric, kind=rule.kind, window_seconds=rule.window_seconds,
        fire_at=rule.fire_at, clear_at=rule.clear_at, least_change=rule.least_change, for_seconds=rule.for_seconds,
        keep_seconds=rule.keep_seconds, severity=rule.severity, advice=rule.advice,
    )  # fmt: skip
