"""This node as a standby: it takes its branch over, ordered by two persons or by itself when the primary is gone.

By itself takes two of three: this node, which asks the primary again and again, and headquarters, which has to grant it and
refuses while it hears the primary. So a standby that is cut off alone promotes nothing, and a primary that only this node
cannot see stays the primary. Fencing is at headquarters: from the grant on the former primary is refused.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from netops.agent import events
from netops.agent.host_clock import boot_seconds
from netops.agent.probes import Prober
from netops.agent.run_command import CommandFailed, run_command
from netops.agent.settings import Probe, Standby
from shared.clock import now
from shared.ids import new_id
from shared.nodes.command import SERVES_ITSELF
from shared.nodes.report import Cause, RecoveryRecord

if TYPE_CHECKING:
    from netops.agent.loop import Agent
    from netops.agent.supervise import Supervisor

_ASK_EVERY_SECONDS = 2.0
_ASK_TIMEOUT_SECONDS = 1.5
_END_SECONDS = 60.0
_PROMOTE_SECONDS = 900.0
_READY_SECONDS = 120.0
_FOLLOWS_SECONDS = 30.0
"""What was promoted refuses to follow at once; who has followed for so long is a standby again."""


class TakeOverFailed(CommandFailed):
    """The branch was not taken over; what follows the primary runs again."""


class StandbyDesk:
    """One per agent whose node file has a [standby] table."""

    def __init__(self, agent: Agent, settings: Standby) -> None:
        self._agent, self.settings = agent, settings
        self._lock = asyncio.Lock()
        self._gone_since: float | None = None
        self._is_asked = False
        self._mark = agent.folder / "promoted"
        self.promoted_at = (
            datetime.fromtimestamp(self._mark.stat().st_mtime, UTC) if self._mark.exists() else None
        )

    @property
    def primary_silent_seconds(self) -> float | None:
        """None: it is not asked, or not any more. 0: it answers."""
        if not self._is_asked or self.is_promoted or self.has_place:
            return None
        return 0.0 if self._gone_since is None else time.monotonic() - self._gone_since

    @property
    def is_promoted(self) -> bool:
        """Whether this node is to serve the branch now: one of `starts` is wanted."""
        return any(supervisor.report().is_wanted for supervisor in self._named(self.settings.starts))

    @property
    def has_place(self) -> bool:
        """Whether this node has the branch's place: from its promotion on, also while a person has stopped its site, until it has
        followed again. A site that was ready proves a promotion: without one it never gets ready."""
        if self._follows():
            self._note_place(False)
        elif self.is_promoted and any(site.is_ready for site in self._named(self.settings.starts)):
            self._note_place(True)
        return self.promoted_at is not None

    @property
    def is_serving(self) -> bool:
        """The same, and its site is wanted."""
        return self.has_place and self.is_promoted

    def _follows(self) -> bool:
        """Whether one of `ends` has run for half a minute."""
        oldest = now() - timedelta(seconds=_FOLLOWS_SECONDS)
        reports = [follower.report() for follower in self._named(self.settings.ends)]
        return any(one.is_ready and one.ready_at is not None and one.ready_at <= oldest for one in reports)

    def _note_place(self, has_place: bool) -> None:
        """In memory, and on disk for the next agent."""
        if has_place != (self.promoted_at is not None):
            self.promoted_at = now() if has_place else None
            act = self._mark.touch if has_place else partial(self._mark.unlink, missing_ok=True)
            self._agent.disk.tell(act)

    def refuse_to_follow(self, service: str) -> None:
        """CommandFailed when this would follow the primary beside serving in its place."""
        if service in self.settings.ends and self.is_serving:
            raise CommandFailed("this node serves the branch itself and follows nobody", SERVES_ITSELF)

    async def run(self) -> None:
        """Ask the primary until cancelled; with `automatic` take over when it is gone. Never raises."""
        if not self.settings.primary:
            return
        while True:
            await asyncio.sleep(_ASK_EVERY_SECONDS)
            if self.is_promoted or self.has_place:
                self._gone_since = None
                continue
            await self._ask()
            if self.settings.automatic and self._is_gone():
                try:
                    await self.take_over(alone=True)
                except TakeOverFailed as error:
                    events.warning("standby not promoted", reason=str(error))
                    await asyncio.sleep(self.settings.retry_seconds)

    async def _ask(self) -> None:
        try:
            prober = Prober(Probe(url=self.settings.primary))
            answer, _why = await prober.ask(_ASK_TIMEOUT_SECONDS)
            prober.close()
        except OSError:  # its name is not known here at the moment
            answer = "bad"
        self._is_asked = True
        if answer != "bad":
            self._gone_since = None
        elif self._gone_since is None:
            self._gone_since = time.monotonic()
            events.warning("primary does not answer", node=self.settings.of)

    def _is_gone(self) -> bool:
        silent = self.primary_silent_seconds
        return silent is not None and silent >= self.settings.gone_seconds

    async def take_over(self, *, alone: bool) -> str:
        """1 end what follows  2 the command: headquarters fences the primary, the copy is proved and opened  3 start the
        site and wait until it is ready. What the command said at last. TakeOverFailed after 1 or 2: what follows runs again.

        May be repeated: a take-over that was cut is finished by the next one.
        """
        async with self._lock:
            record = self._open_record("primary_gone" if alone else "command")
            began = boot_seconds()
            try:
                said = await self._promote(alone)
                self._note_place(True)
                record.acted_at, record.act_seconds = now(), round(boot_seconds() - began, 4)
                await self._serve()
            except TakeOverFailed as error:
                record.outcome, record.detail = "given_up", str(error)[:500]
                self._agent.emit(record)
                raise
            first_sign = began - (record.detect_seconds or 0.0)
            record.ready_at = record.stable_at = now()
            record.ready_seconds, record.outcome = round(boot_seconds() - first_sign, 4), "recovered"
            self._agent.emit(record)
            events.warning("standby promoted", of=self.settings.of, alone=alone)
            return said

    def _open_record(self, cause: Cause) -> RecoveryRecord:
        record = RecoveryRecord(
            id=str(new_id()), service=(self.settings.starts or self.settings.ends or [self.settings.of])[0],
            cause=cause, action="standby", outcome="in_progress", detected_at=now(),
            detect_seconds=round(self.primary_silent_seconds or 0.0, 4), detail=f"standby of {self.settings.of}",
        )  # fmt: skip
        self._agent.emit(record)
        return record

    async def _promote(self, alone: bool) -> str:
        followers = self._named(self.settings.ends)
        for follower in followers:
            follower.stop()
        try:
            await _until_gone(followers)
            more = ["--if-silent", f"{self.settings.gone_seconds:g}"] if alone else []
            status, output = await run_command(
                [*self.settings.promote, *more],
                timeout_seconds=_PROMOTE_SECONDS,
                cwd=self.settings.cwd or None,
                env=self.settings.env,
                keep_output=True,
            )
        except (OSError, TimeoutError) as error:
            status, output = 1, str(error) or "what follows the primary did not end"
        if status:
            for follower in followers:
                follower.start()
            raise TakeOverFailed(f"exit {status}: {output[-400:].strip()}")
        return output[-2000:].strip()

    async def _serve(self) -> None:
        sites = self._named(self.settings.starts)
        for site in sites:
            site.start()
        try:
            async with asyncio.timeout(_READY_SECONDS):
                while not all(site.is_ready for site in sites):  # noqa: ASYNC110  (once in the life of a standby)
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise TakeOverFailed("promoted, but the site does not get ready") from None

    def _named(self, names: list[str]) -> list[Supervisor]:
        return [self._agent.supervisors[name] for name in names if name in self._agent.supervisors]


async def _until_gone(followers: list[Supervisor]) -> None:
    """Raises TimeoutError."""
    async with asyncio.timeout(_END_SECONDS):
        while any(follower.instance is not None for follower in followers):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
