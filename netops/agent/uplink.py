"""The line to the center: reports go out, acknowledgements and signed commands come back on the same dialled requests.

Any failure means: forget it, wait with full jitter (at most 60 s), dial again, send the present state first. Nothing is
removed from the spool before the center said that it has it.
"""

from __future__ import annotations

import asyncio
import platform
import random
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import psutil

from netops.agent import events
from netops.agent.center_watch import watch_center
from netops.agent.collect import metric_units
from netops.agent.commands import CommandDesk
from netops.agent.http_out import HttpOut, LineBroken
from netops.agent.settings import Center
from netops.agent.spool import Spool, keys_of
from shared.clock import now
from shared.nodes.enrolment import draft_of, new_key_of, take_draft
from shared.nodes.identity import BootSource, NodeKey, RequestSigner
from shared.nodes.report import (
    COMMANDS_PATH,
    KEY_PATH,
    REPORT_PATH,
    TREE_FORM,
    Ack,
    Hello,
    Report,
    decode_ack,
    decode_outbox,
    encode_body,
)

if TYPE_CHECKING:
    from netops.agent.loop import Agent

AGENT_VERSION = "0.1.0"
LONG_POLL_SECONDS = 50
_LONGEST_PAUSE_SECONDS = 60.0
_SOONEST_SECONDS = 1.0
_LIVE_FOR = timedelta(seconds=60)
_WATCHED_SECONDS = 30.0


class Uplink:
    """One per agent with a center."""

    def __init__(self, agent: Agent, spool: Spool, center: Center) -> None:
        self._agent, self._spool, self._center = agent, spool, center
        self._key_file = agent.node_file.path_of(center.key_file)
        self._boot = BootSource(agent.folder / "boot").next_boot()
        self._signer = RequestSigner(NodeKey.load_or_create(self._key_file), agent.node_file.node, self._boot)
        ca_file = str(agent.node_file.path_of(center.ca_file)) if center.ca_file else ""
        self._line = HttpOut(center.url, ca_file)
        self._desk = CommandDesk(agent, center, self.center_now)
        self._offset = timedelta(0)
        self._last_contact: datetime | None = None
        self.answered_at: float | None = None
        """Monotonic second of the center's last good answer."""
        self._problem = "not yet reached"
        self._failures = 0
        self._owes_hello = True
        self._renewing = asyncio.Lock()
        self._credit = Ack(at=now())

    def start(self) -> list[asyncio.Task[None]]:
        tasks = [
            asyncio.create_task(self._report_for_ever(), name="report"),
            asyncio.create_task(self._end_renewal(), name="renewal"),
        ]
        if self._center.alarm:
            watching = watch_center(self._agent, self._center, self)
            tasks.append(asyncio.create_task(watching, name="center watch"))
        if self._desk.policy.keys:
            tasks.append(asyncio.create_task(self._listen_for_ever(), name="commands"))
        return tasks

    @property
    def wait_seconds(self) -> float:
        """How long the center wants to be left alone between two reports."""
        return self._credit.wait_seconds

    def center_now(self) -> datetime:
        """The best idea of the center's clock: ours plus the offset seen at the last answer."""
        return now() + self._offset

    def contact(self) -> dict[str, Any]:
        return {
            "contact": ("late" if self._failures else "live") if self._last_contact else "never_seen",
            "last_contact": self._last_contact,
            "problem": self._problem if self._failures or not self._last_contact else "",
            "url": self._center.url,
        }

    async def renew_key(self) -> str:
        """Makes a new node key and tells the center under the old one; its public text. Raises LineBroken.

        1. The new key is on disk beside the old one. 2. The center knows both. 3. The new one takes the old one's place.
        After a crash between 2 and 3 the next renewal, or the next start, goes on with the key of step 1.
        """
        async with self._renewing:
            draft = NodeKey.load_or_create(draft_of(self._key_file))
            body, headers = encode_body(new_key_of(draft, self._agent.node_file.node))
            if await self._send("POST", KEY_PATH, body, headers, timeout_seconds=20.0) is None:
                raise LineBroken("the center refuses the new key")
            take_draft(self._key_file)
            self._signer.key = draft
            events.info("node key renewed", public_key=draft.public_text)
            return draft.public_text

    async def _end_renewal(self) -> None:
        """A key that an earlier agent made and did not come to use."""
        while draft_of(self._key_file).exists():
            try:
                await self.renew_key()
            except LineBroken as error:
                events.warning("node key not renewed yet", problem=str(error))
                await asyncio.sleep(_LONGEST_PAUSE_SECONDS)

    async def _report_for_ever(self) -> None:
        await self._desk.close_unfinished()
        while True:
            began = time.monotonic()
            try:
                pause = await self._report_once()
                self._failures = 0
            except (LineBroken, msgspec.DecodeError) as error:
                pause = self._failed(str(error))
            except Exception as error:
                events.error("report failed")
                pause = self._failed(type(error).__name__)
            await self._pause(began, pause)

    async def _pause(self, began: float, seconds: float) -> None:
        """Until the center wants the next report; sooner when something changed and the line is good."""
        changed = self._agent.changed
        if self._failures:
            await asyncio.sleep(seconds)
            return
        try:
            async with asyncio.timeout(seconds):
                await changed.wait()
            await asyncio.sleep(max(0.05, _SOONEST_SECONDS - (time.monotonic() - began)))
        except TimeoutError:
            pass

    def _failed(self, problem: str) -> float:
        """Notes a failure; the pause before the next try, drawn evenly from 0 to a growing bound."""
        if self._failures == 0:
            events.warning("center away", problem=problem)
        self._problem = problem
        self._failures += 1
        self._owes_hello = True
        return random.uniform(0, min(_LONGEST_PAUSE_SECONDS, 1.0 * 2 ** min(self._failures, 10)))

    async def _report_once(self) -> float:
        """Sends state, live items and as much history as was granted. Seconds until the next report."""
        self._agent.changed.clear()
        credit = self._credit
        waiting = await self._agent.disk.ask(
            lambda: self._spool.waiting(
                live_from=now() - _LIVE_FOR,
                credit_items=credit.credit_items,
                credit_bytes=credit.credit_bytes,
            )
        )
        report = Report(
            at=now(),
            hello=await self._hello() if self._owes_hello else None,
            state=self._agent.state_report(),
            items=[batch.item for batch in waiting],
        )
        answer = await self._send("POST", REPORT_PATH, *encode_body(report), timeout_seconds=20.0)
        if answer is None:
            return _LONGEST_PAUSE_SECONDS
        ack = decode_ack(answer)
        if self._failures or self._last_contact is None:
            events.info("center reached", waiting=self._spool.items)
        self._take(ack)
        taken = keys_of(waiting, ack.taken)
        if taken:
            self._agent.disk.tell(
                lambda: self._spool.forget(taken)
            )  # done before the next report asks what waits
        return ack.wait_seconds

    def _take(self, ack: Ack) -> None:
        self._credit = ack
        self._owes_hello = ack.say_hello
        self._offset = ack.at - now()
        self._last_contact, self.answered_at = now(), time.monotonic()
        self._watch(ack.is_watched)
        journal, after = self._agent.journal, ack.audit_after
        if journal is not None and after is not None:
            self._agent.disk.tell(lambda: self._agent.telemetry.put(journal.audit_after(after)))
        until = ack.maintenance_until
        self._agent.maintenance_until = (
            None if until is None else time.monotonic() + (until - ack.at).total_seconds()
        )

    def _watch(self, is_watched: bool) -> None:
        if is_watched:
            self._agent.is_watched_until = time.monotonic() + _WATCHED_SECONDS

    async def _send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        *,
        timeout_seconds: float,
    ) -> bytes | None:
        """The body of a good answer. None when the center refuses us and asking again soon is no use.

        Raises LineBroken for everything that may be better the next time.
        """
        target = self._line.path(path)
        signed = self._signer.headers(method, target, body)
        answer = await self._line.ask(method, target, {**(headers or {}), **signed}, body, timeout_seconds)
        if answer.status == 200:
            return answer.body
        if answer.status in (401, 403):
            events.warning(
                "center refuses this node",
                status=answer.status,
                key=self._signer.key.public_text,
                advice="netops agent enrol TOKEN",
            )
            self._problem, self._failures = (
                f"it refuses this node's key (HTTP {answer.status}): netops agent enrol TOKEN",
                self._failures + 1,
            )
            return None
        if answer.status == 413:
            self._credit = msgspec.structs.replace(
                self._credit, credit_bytes=max(16 * 1024, self._credit.credit_bytes // 2)
            )
        raise LineBroken(f"HTTP {answer.status}")

    async def _hello(self) -> Hello:
        agent, journal = self._agent, self._agent.journal
        seq, head = 0, ""
        if journal is not None:
            seq, head = await agent.disk.ask(lambda: (journal.last_command_seq(), journal.audit_head()))
        services = list(agent.supervisors)
        return Hello(
            node=agent.node_file.node,
            role=agent.node_file.role,
            version=AGENT_VERSION,
            boot=self._boot,
            host_boot=agent.host_boot,
            started_at=agent.started_at,
            platform=f"{platform.system()} {platform.release()}",
            cpu_count=psutil.cpu_count() or 1,
            memory_bytes=psutil.virtual_memory().total,
            services=services,
            metrics=metric_units(services),
            command_seq=seq,
            audit_head=head,
            allowed=agent.node_file.commands.allow,
            actions=sorted(agent.node_file.commands.actions),
            command_keys=sorted(self._desk.policy.keys),
            standby_of=agent.standby.settings.of if agent.standby else "",
            followers=list(agent.standby.settings.ends) if agent.standby else [],
        )

    async def _listen_for_ever(self) -> None:
        """Waits for commands at the center; a line of its own, so that a long wait never delays a report."""
        failures = 0
        while True:
            began = time.monotonic()
            try:
                seq = await self._desk.last_seq()
                path = f"{COMMANDS_PATH}?after={seq}&wait={LONG_POLL_SECONDS}&forms={TREE_FORM}"
                body = await self._send("GET", path, timeout_seconds=LONG_POLL_SECONDS + 10.0)
                if body is not None:
                    outbox = decode_outbox(body)
                    self._watch(outbox.is_watched)
                    for envelope in outbox.commands:
                        await self._desk.take(envelope)
                    failures = 0
                    if outbox.commands or time.monotonic() - began > 1.0:
                        continue
            except (LineBroken, msgspec.DecodeError):
                pass
            except Exception:
                events.error("command line failed")
            failures += 1
            await asyncio.sleep(
                random.uniform(0.2, min(_LONGEST_PAUSE_SECONDS, 1.0 * 2 ** min(failures, 10)))
            )
