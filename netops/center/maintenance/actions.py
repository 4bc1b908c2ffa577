"""Making, changing and ending maintenance windows."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from netops.center.audit.actions import record
from netops.center.maintenance.rules import LONGEST, PERIODS, Window, maintained_until
from netops.center.models import MaintenanceWindow
from netops.center.nodes.state import Fleet
from shared import clock
from shared.database import transaction
from shared.errors import Conflict, Invalid
from shared.i18n import N_


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a person wants: for a branch, a node or all (both empty), from when to when, again when by which clock, and why."""

    branch: str = ""
    node: str = ""
    starts_at: datetime
    ends_at: datetime
    repeats: str = ""
    zone: str = "UTC"
    reason: str

    @property
    def place(self) -> str:
        return self.node or self.branch or "*"

    def check(self, now: datetime) -> None:
        """Invalid when its times cannot be those of a window."""
        fault = fault_of_times(self.starts_at, self.ends_at, self.repeats, now)
        if fault:
            raise Invalid(fields={"ends_at": fault}, code="maintenance.times")

    def facts(self) -> dict[str, Any]:
        """What the audit keeps of it."""
        times = {"starts": self.starts_at.isoformat(), "ends": self.ends_at.isoformat()}
        return {**times, "repeats": self.repeats, "zone": self.zone}


def fault_of_times(starts_at: datetime, ends_at: datetime, repeats: str, now: datetime) -> str:
    """What is wrong when it ends before it starts, is over, or lasts longer than a week or than its period; else nothing."""
    if ends_at <= starts_at:
        return N_("The end must lie after the start.")
    if ends_at <= now and not repeats:
        return N_("This window would be over already.")
    if ends_at - starts_at > LONGEST:
        return N_("A window lasts seven days at most.")
    if repeats and ends_at - starts_at >= PERIODS[repeats]:
        return N_("A window that repeats must end before it begins again.")
    return ""


def plan_of(window: MaintenanceWindow) -> Plan:
    return Plan(
        branch=window.branch, node=window.node, starts_at=window.starts_at, ends_at=window.ends_at,
        repeats=window.repeats, zone=window.zone, reason=window.reason,
    )  # fmt: skip


async def make_window(actor: str, plan: Plan) -> MaintenanceWindow:
    """A new window. Raises what `Plan.check` raises."""
    plan.check(clock.now())
    async with transaction():
        window = await MaintenanceWindow.create(**asdict(plan), made_by=actor)
        await record(actor, "maintenance.make", plan.place, reason=plan.reason, **plan.facts())
    return window


async def change_window(actor: str, window: MaintenanceWindow, plan: Plan) -> None:
    """Plan it anew. Raises what `Plan.check` raises; Conflict when somebody ended it meanwhile."""
    plan.check(clock.now())
    before = plan_of(window)
    async with transaction():
        if not await MaintenanceWindow.filter(id=window.id, ended_at=None).update(**asdict(plan)):
            raise Conflict(N_("This window was ended meanwhile. Make a new one."), code="maintenance.ended")
        facts = {**plan.facts(), "before": {"place": before.place, **before.facts()}}
        await record(actor, "maintenance.change", plan.place, reason=plan.reason, **facts)


async def end_window(actor: str, window: MaintenanceWindow) -> None:
    """End it now, or call it off before it began. A second call changes nothing."""
    async with transaction():
        if await MaintenanceWindow.filter(id=window.id, ended_at=None).update(ended_at=clock.now()):
            await record(actor, "maintenance.end", window.node or window.branch or "*")


def window_of(found: MaintenanceWindow) -> Window:
    return Window(
        found.starts_at, found.ends_at, found.branch, found.node, found.repeats, found.ended_at, found.zone
    )


async def apply_windows(fleet: Fleet, now: datetime) -> None:
    """Tell the state table which nodes are in maintenance, and until when."""
    windows = [window_of(found) for found in await MaintenanceWindow.filter(ended_at=None)]
    for node in fleet:
        node.maintenance_until = maintained_until(windows, node.name, node.branch, now)
