"""The other half of the dead-man: an agent whose center is away for too long says so by a command of its node file."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Literal

from netops.agent import events
from netops.agent.run_command import run_command
from netops.agent.settings import Center

if TYPE_CHECKING:
    from netops.agent.loop import Agent
    from netops.agent.uplink import Uplink

REPEAT_SECONDS = 4 * 3600.0
_COMMAND_SECONDS = 60.0

Told = Literal["", "away", "back"]


def due(center: Center, silent_seconds: float, told_for: float | None) -> Told:
    """What is to be told now. `silent_seconds` since the center last answered, `told_for` since its absence was told last
    (None: it was not). Away is told again every four hours, its return once."""
    if silent_seconds < center.alarm_after_seconds:
        return "back" if told_for is not None else ""
    return "away" if told_for is None or told_for >= REPEAT_SECONDS else ""


async def watch_center(agent: Agent, center: Center, uplink: Uplink) -> None:
    """Looks until cancelled. Never raises; a command that fails is tried at the next look."""
    began = time.monotonic()
    told_at: float | None = None
    while True:
        await asyncio.sleep(min(10.0, center.alarm_after_seconds / 4))
        at = time.monotonic()
        silent = at - (uplink.answered_at or began)
        told = due(center, silent, None if told_at is None else at - told_at)
        if told and await _tell(agent, center, told, silent):
            told_at = at if told == "away" else None


async def _tell(agent: Agent, center: Center, told: Told, silent: float) -> bool:
    events.warning("center alarm", state=told, silent_seconds=round(silent))
    env = {
        "TRUNKLINE_NODE": agent.node_file.node,
        "TRUNKLINE_CENTER": center.url,
        "TRUNKLINE_CENTER_STATE": told,
        "TRUNKLINE_CENTER_SILENT_SECONDS": str(round(silent)),
    }
    try:
        status, _ = await run_command(center.alarm, timeout_seconds=_COMMAND_SECONDS, env=env)
    except OSError as error:
        events.warning("center alarm cannot be told", error=str(error))
        return False
    return status == 0
