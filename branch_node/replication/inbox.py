"""Fetches what headquarters owns and keeps it: rates, targets, news, catalogue, roles, directives.

One task per branch process (`run`): ask with the position we hold, keep what comes and the new position in one
transaction, ask again; the answer waits at headquarters while there is nothing new. On any error ask again later.
A position that headquarters does not find in its log (the first time, or after it was put back from a copy) makes it
begin at 0: that history is staged, and replaces what people see in one transaction when it is complete.
"""

import asyncio
import random

import httpx
import msgspec
import structlog

from branch_node.home import Home, at_home
from branch_node.replication.applying import (
    apply_changes,
    apply_staged,
    collapse,
    drop_unknown,
    forget_staged,
    stage,
)
from branch_node.replication.inbox_models import InboxState
from branch_node.replication.line import line_to
from branch_node.replication.refusals import refusal_of
from branch_node.replication.sender import Identity
from shared import clock
from shared.database import Database, transaction
from shared.records import SCHEMA_VERSION
from shared.replication.feed import FEED_PATH, MAX_WAIT_SECONDS, BadFeed, FeedHead, FeedRequest, unpack

log = structlog.get_logger(__name__)
MAX_BACKOFF_SECONDS = 60.0


class NotNow(Exception):
    """Headquarters did not answer, or with something else: ask again later."""


class Inbox:
    """One branch's fetching. `stop` ends it after the request in flight."""

    def __init__(self, identity: Identity, hq_url: str, database: Database, home: Home) -> None:
        self.identity = identity
        self.database = database
        self.home = home
        self._http = line_to(hq_url, MAX_WAIT_SECONDS + 10.0)
        self._signer = identity.signer()
        self._stopping = False
        self._failures = 0

    async def run(self) -> None:
        """Fetch until stopped. Never raises for an unreachable headquarters."""
        with self.database.use(), at_home(self.home):
            try:
                while not self._stopping:
                    await self._round()
            finally:
                await self._http.aclose()

    def stop(self) -> None:
        """End after the request in flight."""
        self._stopping = True

    async def _round(self) -> None:
        try:
            await self.fetch(MAX_WAIT_SECONDS)
            self._failures = 0
        except NotNow as reason:
            log.warning("inbox_waits", reason=str(reason), failures=self._failures)
            await self._pause()
        except Exception as reason:
            # a line reset at the wrong moment surfaces as anything; the inbox must outlive it, as the sender does
            log.exception("inbox_failed", error=repr(reason))
            await self._pause()

    async def _pause(self) -> None:
        self._failures += 1
        await asyncio.sleep(random.uniform(0.0, min(MAX_BACKOFF_SECONDS, 0.2 * 2 ** min(self._failures, 12))))

    async def fetch(self, wait_seconds: float) -> FeedHead:
        """One question and what its answer brings, committed. Raises NotNow."""
        state = await inbox_state()
        head, lines = await self._ask(question_of(state, self.identity.branch, wait_seconds))
        async with transaction():
            await keep(head, lines)
        if lines:
            log.info("inbox_kept", rows=len(lines), last=head.last, head=head.head)
        return head

    async def _ask(self, question: FeedRequest) -> tuple[FeedHead, list[bytes]]:
        body = msgspec.json.encode(question)
        try:
            answer = await self._http.post(
                FEED_PATH, content=body, headers=self._signer.headers("POST", FEED_PATH, body)
            )
        except httpx.HTTPError as error:
            raise NotNow(repr(error)) from error
        if answer.status_code != 200:
            raise NotNow(str(refusal_of(answer)))
        try:
            return await asyncio.to_thread(unpack, answer.content)
        except BadFeed as error:
            raise NotNow(str(error)) from error


async def inbox_state() -> InboxState:
    """The state row, locked when inside a transaction; made at the first call."""
    found = await InboxState.filter(id=1).select_for_update().first()
    return found or await InboxState.create(id=1, schema=SCHEMA_VERSION)


def question_of(state: InboxState, branch: str, wait_seconds: float) -> FeedRequest:
    """Ask from what is staged while a history is being fetched, else from what people see. After an upgrade: from
    nothing, so that columns and tables that the old release did not know are read anew."""
    if state.staged_epoch:
        return FeedRequest(branch, state.staged_epoch, state.staged_seq, state.staged_chain)
    if state.schema != SCHEMA_VERSION:
        return FeedRequest(branch)
    return FeedRequest(branch, state.epoch, state.seq, state.chain, wait_seconds)


async def keep(head: FeedHead, lines: list[bytes]) -> None:
    """What an answer says, in the caller's transaction. Does nothing when it does not begin where we stand now: it was
    sent twice, or another process of this branch was faster."""
    state = await inbox_state()
    state.heard_at, state.head_seq = clock.now(), head.head
    if head.is_reset or (head.is_partial and not state.staged_epoch and stands_at(state, head)):
        await forget_staged()
        state.staged_epoch, state.staged_seq, state.staged_replaces = head.epoch, head.base, head.is_reset
    if state.staged_epoch:
        await keep_staged(state, head, lines)
    elif stands_at(state, head):
        await apply_changes(collapse(lines))
        state.seq, state.chain = head.last, head.chain
        state.applied_at = state.heard_at if lines else state.applied_at
    await state.save()


def stands_at(state: InboxState, head: FeedHead) -> bool:
    """Whether the answer begins where the rows that people see end."""
    return state.epoch == head.epoch and state.seq == head.base


async def keep_staged(state: InboxState, head: FeedHead, lines: list[bytes]) -> None:
    """Add to what is staged; when that is whole, move it to where people see it."""
    if (state.staged_epoch, state.staged_seq) != (head.epoch, head.base):
        return
    await stage(collapse(lines))
    state.staged_seq, state.staged_chain = head.last, head.chain
    if head.is_partial or (state.staged_replaces and head.last < head.head):
        return
    if state.staged_replaces:
        await drop_unknown(keep_lost=bool(state.epoch) and state.schema == SCHEMA_VERSION)
        state.replaced_at = state.heard_at if state.epoch else None
    await apply_staged()
    state.epoch, state.seq, state.chain = head.epoch, head.last, head.chain
    state.schema, state.applied_at = SCHEMA_VERSION, state.heard_at
    state.staged_epoch, state.staged_seq, state.staged_chain = "", 0, ""
