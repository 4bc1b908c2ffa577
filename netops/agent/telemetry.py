"""Carries what the agent sees to the center: spool, log tails and uplink. Without a center in the node file it only keeps
log files from growing too large. Nothing here can hold up supervision."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netops.agent import events
from netops.agent.collect import Values
from netops.agent.logs import Tail
from netops.agent.service_log import cut
from netops.agent.spool import Spool
from shared.clock import now
from shared.nodes.report import Item, SampleBatch, SampleRow

if TYPE_CHECKING:
    from netops.agent.loop import Agent
    from netops.agent.uplink import Uplink

_TAIL_SECONDS = 5.0
_WATCHED_TAIL_SECONDS = 0.5
"""Also the least, when the center wants its reports very often."""
_CUT_SECONDS = 30.0


class Telemetry:
    """One per agent. `put` and `put_sample` never wait and never raise."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self.spool = self._open_spool() if agent.node_file.center is not None else None
        self.lost_items = 0
        """Items that could not even be written to the spool."""
        self._tails: list[Tail] = []
        self._is_reading = False
        """A look at the logs is under way, or waits for the disk: there is never a second one."""
        self.uplink: Uplink | None = None
        """Set by `start` when the node file names a center."""
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        center = self._agent.node_file.center
        if center is None or self.spool is None:
            self._tasks.append(asyncio.create_task(self._cut_logs(), name="cut logs"))
            return
        from netops.agent.uplink import Uplink

        self.follow_logs()
        self._tasks.append(asyncio.create_task(self._follow(), name="logs"))
        self.uplink = Uplink(self._agent, self.spool, center)
        self._tasks += self.uplink.start()

    async def close(self) -> None:
        """Stops sending; what is not acknowledged stays in the spool for the next agent."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.spool is not None:
            await self._agent.disk.ask(self._close_files)

    def follow_logs(self) -> None:
        """Makes the list of files to follow from the present node file."""
        if self.spool is None:
            return
        spool, node_file, known = self.spool, self._agent.node_file, {tail.key: tail for tail in self._tails}

        def make() -> None:
            positions = spool.tails()
            fresh = []
            for service in node_file.services:
                files = {"output": node_file.log_path(service)}
                files |= {Path(text).name: node_file.path_of(text) for text in service.log.also}
                for source, path in files.items():
                    key = f"{service.name}/{source}"
                    tail = Tail(
                        service.name, source, path, service.log, self._agent.host_boot, positions.get(key)
                    )
                    fresh.append(known.get(key) or tail)
            self._tails = fresh

        self._agent.disk.tell(make)

    def put(self, item: Item) -> None:
        """Keeps an item for the center."""
        if self.spool is not None:
            self._agent.disk.tell(lambda: self._put_now([item]))

    def put_sample(self, values: Values) -> None:
        if self.spool is not None:
            row = [None if value is None else round(value, 4) for value in values.values()]
            at_us = int(now().timestamp() * 1_000_000)
            self.put(SampleBatch(key=0, names=list(values), rows=[SampleRow(at_us, row)]))

    def backlog(self) -> dict[str, int]:
        """Counts for the state report."""
        if self.spool is None:
            return {}
        dropped = self.spool.dropped + self.lost_items + self._agent.disk.dropped
        return {"spool_items": self.spool.items, "spool_bytes": self.spool.bytes, "dropped_items": dropped}

    def contact(self) -> dict[str, Any]:
        """How the center is reached, for the local page."""
        return self.uplink.contact() if self.uplink is not None else {"contact": "none configured"}

    async def _follow(self) -> None:
        while True:
            await self._agent.lag.metronome.tick(self._tail_seconds())
            if not self._is_reading:
                self._is_reading = self._agent.disk.tell(self._look)

    def _tail_seconds(self) -> float:
        """No more often than lines leave: with the samples, or as the center wants its reports, or as somebody watches."""
        if time.monotonic() < self._agent.is_watched_until or self.uplink is None:
            return _WATCHED_TAIL_SECONDS
        return max(_WATCHED_TAIL_SECONDS, min(_TAIL_SECONDS, self.uplink.wait_seconds))

    def _look(self) -> None:
        try:
            self._poll_tails()
        finally:
            self._is_reading = False

    def _poll_tails(self) -> None:
        """Reads all files and keeps lines and positions in one transaction. When that fails, they are read again."""
        assert self.spool is not None
        before = {tail.key: tail.position for tail in self._tails}
        batches: list[Item] = []
        for tail in self._tails:
            try:
                batches += tail.poll()
            except OSError as error:
                events.warning("log cannot be followed", source=tail.key, error=str(error))
        moved = {
            tail.key: tail.position
            for tail in self._tails
            if tail.position is not None and tail.position is not before[tail.key]
        }
        try:
            if moved:
                self.spool.put(batches, moved)
        except sqlite3.Error as error:
            events.warning("logs cannot be kept", error=str(error))
            for tail in self._tails:
                tail.close()
                tail.position = before[tail.key]

    def _put_now(self, items: list[Item]) -> None:
        assert self.spool is not None
        try:
            self.spool.put(items)
        except sqlite3.Error as error:
            self.lost_items += len(items)
            events.warning("spool cannot be written", error=str(error), lost=self.lost_items)

    async def _cut_logs(self) -> None:
        while True:
            await asyncio.sleep(_CUT_SECONDS)
            node_file = self._agent.node_file
            for service in node_file.services:
                path, log = node_file.log_path(service), service.log
                self._agent.disk.tell(lambda path=path, log=log: cut(path, log))  # type: ignore[misc]

    def _open_spool(self) -> Spool | None:
        path = self._agent.folder / "spool.db"
        for _ in range(2):
            try:
                return Spool(path, self._agent.node_file.spool)
            except sqlite3.OperationalError as error:
                events.warning("no spool", error=str(error))
                return None
            except sqlite3.DatabaseError as error:
                events.warning("spool damaged, set aside", error=str(error))
                path.replace(path.with_suffix(".damaged"))
        return None

    def _close_files(self) -> None:
        for tail in self._tails:
            tail.close()
        if self.spool is not None:
            self.spool.close()
