"""Making and ending maintenance windows."""

from __future__ import annotations

from datetime import datetime

from netops.center.audit.actions import record
from netops.center.maintenance.rules import LONGEST, PERIODS, Window, maintained_until
from netops.center.models import MaintenanceWindow
from netops.center.nodes.state import Fleet
from shared import clock
from shared.database import transaction
from shared.errors import Invalid
from shared.i18n import N_


async def make_window(
    actor: str,
    *,
    branch: str,
    node: str,
    starts_at: datetime,
    ends_at: datetime,
    repeats: str = "",
    reason: str,
) -> MaintenanceWindow:
    """A new window. Invalid when it ends before it starts, is over, or lasts longer than a week or than its period."""
    faults: dict[str, str] = {}
    if ends_at <= starts_at:
        faults["ends_at"] = N_("The end must lie after the start.")
    elif ends_at <= clock.now() and not repeats:
        faults["ends_at"] = N_("This window would be over already.")
    elif ends_at - starts_at > LONGEST:
        faults["ends_at"] = N_("A window lasts seven days at most.")
    elif repeats and ends_at - starts_at >= PERIODS[repeats]:
        faults["ends_at"] = N_("A window that repeats must end before it begins again.")
    if faults:
        raise Invalid(fields=faults, code="maintenance.times")
    async with transaction():
        window = await MaintenanceWindow.create(
            branch=branch, node=node, starts_at=starts_at, ends_at=ends_at, repeats=repeats,
            reason=reason, made_by=actor,
        )  # fmt: skip
        await record(
            actor, "maintenance.make", node or branch or "*", reason=reason,
            starts=starts_at.isoformat(), ends=ends_at.isoformat(), repeats=repeats,
        )  # fmt: skip
    return window


async def end_window(actor: str, window: MaintenanceWindow) -> None:
    """End it now, or call it off before it began. A second call changes nothing."""
    async with transaction():
        if await MaintenanceWindow.filter(id=window.id, ended_at=None).update(ended_at=clock.now()):
            await record(actor, "maintenance.end", window.node or window.branch or "*")


def window_of(found: MaintenanceWindow) -> Window:
    return Window(found.starts_at, found.ends_at, found.branch, found.node, found.repeats, found.ended_at)


async def apply_windows(fleet: Fleet, now: datetime) -> None:
    """Tell the state table which nodes are in maintenance, and until when."""
    windows = [window_of(found) for found in await MaintenanceWindow.filter(ended_at=None)]
    for node in fleet:
        node.maintenance_until = maintained_until(windows, node.name, node.branch, now)
