"""What the center does by itself: commits reports, takes up nodes, seals hours, looks for troubles, tells people, forgets."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import httpx
from starlette.applications import Starlette

from netops.center.alerts.baselines import rebuild_baselines
from netops.center.channels.dispatch import tell_channels
from netops.center.channels.sender import deliver_by_apprise, send_due
from netops.center.commands.actions import end_lines, keep_time, watch_for_orders
from netops.center.ingest.topics import INCIDENTS
from netops.center.maintenance.actions import apply_windows
from netops.center.models import Node
from netops.center.nodes.state import Fleet
from netops.center.prometheus.actions import keep_telling
from netops.center.telemetry.retention import forget_old
from netops.center.telemetry.samples import hours_to_seal, packed_hour, read_for_sealing, seal
from shared import clock, log
from shared.canonical import to_micros
from shared.database import fetch_all
from shared.web.app import Task

NODES_EVERY_SECONDS = 15.0
NODES_AT_ONCE = 100
SEAL_EVERY_SECONDS = 60.0
SEAL_AFTER = timedelta(minutes=5)
"""An hour is sealed when it ended this long ago; what comes later is merged into it."""
FORGET_EVERY_SECONDS = 600.0
BREATH_SECONDS = 0.02
SEAL_WITHIN_SECONDS = 900.0
PACKING_SECONDS = 0.05
"""About what an hour of one node takes."""
LOOK_EVERY_SECONDS = 5.0
SEND_EVERY_SECONDS = 2.0
DEAD_MAN_SECONDS = 60.0

events = log.get_logger()


async def write_reports(app: Starlette) -> None:
    """Commit reports for as long as the site runs."""
    await app.state.writer.run()


async def follow_nodes(app: Starlette) -> None:
    """Take up nodes that were enrolled, changed or revoked elsewhere, such as by the command line."""
    fleet: Fleet = app.state.fleet
    taken: dict[str, dict[str, Any]] = {}
    while True:
        await asyncio.sleep(NODES_EVERY_SECONDS)
        taken = await take_up_changed(fleet, taken)


async def take_up_changed(fleet: Fleet, before: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Take up what differs from `before`; what there is now. A thousand models every time would hold up reports for as
    long as twenty of them take."""
    rows = await fetch_all(
        "SELECT name, role, branch, behind, public_key, next_public_key, status FROM node ORDER BY name"
    )
    now = {str(row["name"]): row for row in rows}
    changed = [name for name, row in now.items() if before.get(name) != row]
    for start in range(0, len(changed), NODES_AT_ONCE):
        for record in await Node.filter(name__in=changed[start : start + NODES_AT_ONCE]):
            fleet.put(record)
    return now


async def seal_hours(app: Starlette) -> None:
    """Once a minute: seal the hours that are over, one node at a time, packing in a thread."""
    while True:
        await asyncio.sleep(SEAL_EVERY_SECONDS)
        await seal_what_is_over(app, calmly=True)


async def seal_what_is_over(app: Starlette, *, calmly: bool = False) -> int:
    """Seal every (node, hour) that ended `SEAL_AFTER` ago; how many. A crash between two leaves hot rows for the next time.

    `calmly`: spread over a quarter of an hour, since packing, though in a thread, takes turns with the reports.
    """
    telemetry, names = app.state.telemetry, app.state.writer.names
    count = 0
    while True:
        with telemetry.reading():
            due = await hours_to_seal(to_micros(clock.now() - SEAL_AFTER))
        breath = (
            max(BREATH_SECONDS, SEAL_WITHIN_SECONDS / max(1, len(due)) - PACKING_SECONDS) if calmly else 0.0
        )
        for node, hour_us in due:
            with telemetry.reading():
                table = await read_for_sealing(names, node, hour_us)
            packed = await asyncio.to_thread(packed_hour, table)
            with telemetry.writing():
                await seal(node, hour_us, table, packed)
            count += 1
            await asyncio.sleep(breath)
        if not due:
            break
    if count:
        events.info("hours sealed", hours=count)
    return count


async def forget(app: Starlette) -> None:
    """Every ten minutes: telemetry beyond its days and bytes."""
    while True:
        await asyncio.sleep(FORGET_EVERY_SECONDS)
        gone = await forget_old(app.state.telemetry, app.state.settings.keep, clock.now())
        if gone.log_days:
            app.state.writer.lines.forget()
        if gone.chunks or gone.log_days:
            events.info("telemetry forgotten", chunks=gone.chunks, log_days=gone.log_days)


async def watch(app: Starlette) -> None:
    """Every few seconds: apply maintenance windows, look at all nodes, tell the channels. A failed round is logged; the next
    one is done all the same."""
    while True:
        await asyncio.sleep(LOOK_EVERY_SECONDS)
        try:
            await look_once(app)
        except Exception:
            events.exception("look failed")


async def look_once(app: Starlette) -> None:
    """One round of `watch`."""
    engine, now = app.state.engine, clock.now()
    await apply_windows(app.state.fleet, now)
    engine.cannot_keep = app.state.writer.is_disk_full
    if await engine.look(now):
        app.state.hub.publish(INCIDENTS)
    await tell_channels(app.state.settings, now)
    app.state.looked_at = now


async def send_notices(app: Starlette) -> None:
    """Send what the outbox holds."""
    while True:
        await asyncio.sleep(SEND_EVERY_SECONDS)
        try:
            if await send_due(deliver_by_apprise, clock.now()):
                app.state.hub.publish(INCIDENTS)
        except Exception:
            events.exception("sending failed")


async def dead_man(app: Starlette) -> None:
    """Once a minute, while the last look was lately: ask the address that notices when this stops."""
    url = app.state.settings.dead_man_url
    if not url:
        return
    async with httpx.AsyncClient(timeout=10.0) as client:
        while True:
            looked_at = getattr(app.state, "looked_at", None)
            if looked_at is not None and (clock.now() - looked_at).total_seconds() < 3 * LOOK_EVERY_SECONDS:
                try:
                    await client.get(url)
                except httpx.HTTPError as error:
                    events.warning("dead-man ping failed", error=type(error).__name__)
            await asyncio.sleep(DEAD_MAN_SECONDS)


TASKS: Sequence[Task] = (
    write_reports, follow_nodes, seal_hours, forget, watch, send_notices, dead_man, watch_for_orders, end_lines,
    keep_time, keep_telling, rebuild_baselines,
)  # fmt: skip
