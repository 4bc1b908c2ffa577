"""Commits reports in groups: what arrives shortly after a commit shares the next transaction, and each is acknowledged after it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any

import msgspec

from netops.center.nodes.state import NodeState
from netops.center.telemetry.lines import LineWriter
from netops.center.telemetry.samples import PUT_ROW, MetricNames, put_batches, rows_of_known
from netops.center.telemetry.store import Telemetry
from shared import log
from shared.database import execute_together, transaction
from shared.database.room import is_disk_full
from shared.nodes.report import LogBatch, Report, SampleBatch

PAUSE_SECONDS = 0.07
"""From commit to commit, unless a whole group waits: a lone report is committed at once, a thousand nodes cost fourteen commits a second."""
LARGEST_GROUP = 64
KEEP_HEARD = (
    "INSERT INTO telemetry_heard (node, received_us, replay, state, strip)"
    " VALUES (:node, :received, :replay, :state, :strip) ON CONFLICT (node) DO UPDATE SET"
    " received_us = excluded.received_us, replay = excluded.replay, state = excluded.state, strip = excluded.strip"
)
KEEP_HELLO = (
    "INSERT INTO telemetry_hello (node, content) VALUES (:node, :content)"
    " ON CONFLICT (node) DO UPDATE SET content = excluded.content"
)
_STATE = msgspec.json.Encoder()

events = log.get_logger()


@dataclass(slots=True)
class Arrival:
    """A proved report that waits for its commit; `stored` is done after it, or failed with what went wrong."""

    node: NodeState
    report: Report
    received_at: datetime
    stored: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Writer:
    """The only one who writes samples and lines. `store` may be called by any number of requests."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._waiting: list[Arrival] = []
        self._wake = asyncio.Event()
        self._due = 0.0
        self.names, self.lines = MetricNames(), LineWriter()
        self.is_disk_full = False
        """The last commit found no room: agents keep what they have and send it again."""

    @property
    def waiting_count(self) -> int:
        return len(self._waiting)

    async def store(self, arrival: Arrival) -> None:
        """Returns when the report is on disk. Raises what the commit raised; then nothing of it was kept."""
        self._waiting.append(arrival)
        self._wake.set()
        await arrival.stored

    async def run(self) -> None:
        """Commit groups until cancelled; what then still waits fails and is sent again by its agent."""
        try:
            while True:
                await self._wake.wait()
                await self._pause()
                group = self._waiting[:LARGEST_GROUP]
                del self._waiting[:LARGEST_GROUP]
                if not self._waiting:
                    self._wake.clear()
                await self._commit_or_fail(group)
        finally:
            for arrival in self._waiting:
                arrival.stored.cancel()

    async def _pause(self) -> None:
        """Until a commit is due again."""
        left = self._due - monotonic()
        if left > 0 and len(self._waiting) < LARGEST_GROUP:
            await asyncio.sleep(left)
        self._due = monotonic() + PAUSE_SECONDS

    async def _commit_or_fail(self, group: Sequence[Arrival]) -> None:
        """A group that cannot be committed is tried one by one, so that one bad report does not fail the others."""
        try:
            await self._commit(group)
        except Exception as error:
            self.names.forget()
            self.lines.forget()
            if len(group) > 1:
                for arrival in group:
                    await self._commit_or_fail([arrival])
                return
            self.is_disk_full = is_disk_full(error)
            events.exception("report not stored", node=group[0].node.name)
            if not group[0].stored.done():
                group[0].stored.set_exception(error)
            return
        self.is_disk_full = False
        for arrival in group:
            if not arrival.stored.done():
                arrival.stored.set_result(None)

    async def _commit(self, group: Sequence[Arrival]) -> None:
        samples, lines = [], []
        for arrival in group:
            for item in arrival.report.items:
                if isinstance(item, SampleBatch):
                    samples.append((arrival.node.name, item))
                elif isinstance(item, LogBatch):
                    lines.append((arrival.node.name, item))
        rows = None if lines else rows_of_known(self.names, samples)
        with self._telemetry.writing():
            if rows is not None:  # as nearly always: no lines, and no names that were never seen
                await execute_together([(PUT_ROW, rows), *_last_words(group)])
                return
            if lines:
                await self.lines.prepare(lines, group[0].received_at)
            async with transaction():
                await put_batches(self.names, samples)
                if lines:
                    await self.lines.put(lines, group[0].received_at)
                await execute_together(_last_words(group))


Statement = tuple[str, list[dict[str, Any]]]


def _last_words(group: Sequence[Arrival]) -> list[Statement]:
    """What keeps the last word of each node: its replay memory, state and strip, for the transaction of what it sent."""
    newest = {arrival.node.name: arrival for arrival in group}
    heard = [
        {
            "node": name,
            "received": arrival.received_at,
            "replay": arrival.node.replay.to_text(),
            "state": _STATE.encode(arrival.report.state or arrival.node.state).decode(),
            "strip": arrival.node.strip.to_text(),
        }
        for name, arrival in newest.items()
    ]
    hellos = [
        {"node": arrival.node.name, "content": _STATE.encode(arrival.report.hello).decode()}
        for arrival in group
        if arrival.report.hello is not None
    ]
    return [(KEEP_HEARD, heard), (KEEP_HELLO, hellos)]
