"""A node without processes: the agent's real command desk, keys and journal, between hands that may drop, repeat and kill.

`effects` counts what was really done, by command id. `Killed` raised inside a command is a kill -9 at that instant.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from netops.agent.commands import _HANDLERS, CommandDesk
from netops.agent.journal import Journal
from netops.agent.settings import Center, Commands, NodeFile
from shared.clock import now
from shared.nodes.command import VERBS
from shared.nodes.identity import BootSource, NodeKey, RequestSigner
from shared.nodes.report import (
    AuditSlice,
    CommandResult,
    Hello,
    Item,
    ServiceState,
    SignedCommand,
    StateReport,
)

VERB = "configuration.reload"
"""The verb whose effect is counted: it takes no arguments and no instance."""


class Killed(BaseException):
    """The agent was killed here."""


class DeskNode:
    """One node named `name`. `restart()` is what a new agent does; `take` judges and acts as the agent does."""

    def __init__(
        self, name: str, folder: Path, command_keys: list[str], allow: tuple[str, ...] = ("*",)
    ) -> None:
        self.name, self.folder = name, folder
        folder.mkdir(parents=True, exist_ok=True)
        self.key = NodeKey.load_or_create(folder / "node.key")
        self.center = Center(url="http://center", command_keys=command_keys)
        self.node_file = NodeFile(node=name, center=self.center, commands=Commands(allow=list(allow)))
        self.effects: Counter[str] = Counter()
        self.chance: Callable[[str], bool] = lambda _at: False
        self.outgoing: list[Item] = []
        self.standby_of, self.is_promoted, self.is_fenced = "", False, False
        self.promoted_at: datetime | None = None
        self.signer = self.new_signer()
        self.start()

    def new_signer(self) -> RequestSigner:
        return RequestSigner(self.key, self.name, BootSource(self.folder / "boot").next_boot())

    def start(self) -> None:
        """Opens the journal and makes the desk."""
        self.journal = Journal(self.folder / "journal.db")
        agent: Any = SimpleNamespace(
            journal=self.journal,
            node_file=self.node_file,
            command_keys=None,
            changed=asyncio.Event(),
            disk=SimpleNamespace(ask=self._ask),
            telemetry=SimpleNamespace(put=self._put, uplink=None),
            reload=self._reload,
            done=self,
            standby=None,
        )
        self.desk = CommandDesk(agent, self.center, now)

    async def _ask(self, work: Callable[[], Any]) -> Any:
        return work()

    def _put(self, item: Item) -> None:
        if self.chance("before the report"):
            raise Killed
        self.outgoing.append(item)

    async def _reload(self) -> list[str]:
        if self.chance("before the act"):
            raise Killed
        self.effects[self.taking] += 1
        if self.chance("after the act"):
            raise Killed
        return []

    async def restart(self) -> None:
        """The agent was killed and comes back: what was not spooled is gone, the journal is not."""
        while True:
            self.journal.close()
            self.start()
            try:
                await self.desk.close_unfinished()
            except Killed:
                continue
            return

    async def take(self, envelope: SignedCommand) -> None:
        """Judge and act; a kill on the way is followed by a new agent."""
        import msgspec

        try:
            self.taking = str(msgspec.json.decode(envelope.payload)["id"])
        except (msgspec.DecodeError, KeyError, TypeError):
            self.taking = "unreadable"
        try:
            await self.desk.take(envelope)
        except Killed:
            await self.restart()

    async def judged(self) -> int:
        return await self.desk.last_seq()

    def hello(self) -> Hello:
        return Hello(
            node=self.name, role="branch", version="0", boot=self.signer.boot, host_boot="h", started_at=now(),
            platform="Linux", cpu_count=2, memory_bytes=1, services=["web"], metrics={},
            command_seq=self.journal.last_command_seq(), audit_head=self.journal.audit_head(),
            allowed=list(self.node_file.commands.allow), actions=["nightly", *self.node_file.commands.actions],
            command_keys=sorted(self.desk.policy.keys), standby_of=self.standby_of, followers=["web"] if self.standby_of else [],
        )  # fmt: skip

    def state(self) -> StateReport:
        web = ServiceState(
            name="web", state="running", instance="i-1", pid=7, is_ready=True, is_fenced=self.is_fenced
        )
        return StateReport(
            at=now(), services=[web], is_promoted=self.is_promoted, promoted_at=self.promoted_at
        )

    def slice_after(self, head: str) -> AuditSlice:
        return self.journal.audit_after(head)

    def steps(self) -> list[CommandResult]:
        return [item for item in self.outgoing if isinstance(item, CommandResult)]


assert VERB in VERBS and VERB in _HANDLERS
