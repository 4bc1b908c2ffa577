"""Pushes the change log to headquarters: find their cursor, send what lies after it, on any error forget and ask again.

One task per branch process (`run`). It keeps nothing in memory that it could not ask for again. Order of a round:
1 hello, headquarters names its cursor (left out after a cut in the middle of pushing, when changes wait); 2 the branch proves that
cursor lies in its own log (epoch and chain); 3 batches, each acknowledged after headquarters' commit; 4 when nothing is left, wait for a nudge or the heartbeat.
"""

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec
import structlog

from branch_node.replication.accounts import keep_sealed
from branch_node.replication.epochs import NotInLog, ensure_epoch, is_beginning, position_at
from branch_node.replication.gauges import PEER, site_of
from branch_node.replication.handover import hand_over, take_handed, was_promoted
from branch_node.replication.line import line_to
from branch_node.replication.models import ReplicationCheckpoint, ReplicationEpoch, ReplicationState
from branch_node.replication.place import Place
from branch_node.replication.recovery import Moved, rejoin
from branch_node.replication.refusals import AskAgain, Busy, Cloned, Fenced, Forked, Unreachable, refusal_of
from branch_node.replication.scrubbing import talk
from branch_node.replication.source import (
    Log,
    Position,
    PostgresLog,
    SqliteLog,
    one_batch,
    pack,
)
from shared import clock
from shared.database import Database
from shared.database.context import session_parameters
from shared.database.nudge import Nudge
from shared.load_state import set_fence
from shared.metrics import REPLICATION_BYTES, REPLICATION_CHANGES, REPLICATION_FAULTS
from shared.nodes.identity import BootSource, NodeKey, RequestSigner
from shared.records import SCHEMA_VERSION
from shared.replication.messages import (
    BATCH_PATH,
    EPOCH_PATH,
    HELLO_PATH,
    CursorReply,
    EpochBegin,
    Hello,
)

log = structlog.get_logger(__name__)
MAX_BACKOFF_SECONDS = 60.0
CHECKPOINT_EVERY_SECONDS = 1.0
KEPT_CHECKPOINTS = 200
SCRUB_PAUSE_SECONDS = 60.0
PLACE_SECONDS = 2.0


Start = tuple[Position, CursorReply, tuple[bytes, Position] | None]
"""Where pushing begins: the position, the cursor with its credit, and the first batch where it is ready."""


@dataclass(frozen=True)
class Identity:
    """Who sends: branch code, key, and the folder that holds the key, the boot counter and the epoch file."""

    branch: str
    folder: Path

    def signer(self) -> RequestSigner:
        """A signer for this process: its key and a boot greater than every earlier one."""
        key = NodeKey.load_or_create(self.folder / "node.key")
        return RequestSigner(key, self.branch, BootSource(self.folder / "boot").next_boot())


async def open_log(database: Database) -> Log:
    """The change log of the branch's database."""
    if database.path is not None:
        return SqliteLog(database.path)
    import asyncpg

    return PostgresLog(await asyncpg.create_pool(**session_parameters(database.url), min_size=1, max_size=2))


class Sender:
    """One branch's pushing. `nudge` wakes it after a commit; `stop` ends it after the batch in flight."""

    def __init__(self, identity: Identity, hq_url: str, database: Database, *, nudge: Nudge | None = None) -> None:  # fmt: skip
        self.identity = identity
        self.database = database
        self.nudge = nudge or Nudge()
        self.place = Place(database, self.nudge)
        self._http = line_to(hq_url, 30.0)
        self._signer = identity.signer()
        self._stopping = False
        self._failures = 0
        self._checkpointed = 0.0
        self._silent_until = 0.0
        self._heard_at = 0.0
        self._handed_head = -1
        self._told: CursorReply | None = None

    async def run(self) -> None:
        """Push until stopped, while this is the process that sends. Never raises for an unreachable headquarters; waits and tries
        again."""
        with self.database.use():
            state = await ensure_epoch(self.identity.folder)
            changes = await open_log(self.database)
            self.nudge.listen()
            try:
                while not self._stopping:
                    if await self._has_place(state):
                        await self._round(state, changes)
                    else:
                        await asyncio.sleep(PLACE_SECONDS)
            finally:
                self.nudge.forget()
                await self.place.leave()
                await changes.close()
                await self._http.aclose()

    def stop(self) -> None:
        """End after the request in flight."""
        self._stopping = True
        self.nudge.set()

    async def _has_place(self, state: ReplicationState) -> bool:
        """Whether this process sends. Who has just got the place is a new run of the node, and reads what the one before wrote."""
        if self.place.is_held:
            return True
        if not await self.place.take():
            return False
        self._signer, self._told = self.identity.signer(), None
        await state.refresh_from_db()
        return True

    async def _round(self, state: ReplicationState, changes: Log) -> None:
        try:
            await self._push(state, changes)
        except AskAgain as reason:
            self._count_fault("behind")
            self._told = None
            log.info("sync_asks_again", reason=str(reason))
            await self._pause(0.0)
        except Busy as reason:
            self._count_fault("busy")
            log.info("hq_busy", reason=str(reason), failures=self._failures)
            await self._pause(reason.after)
        except Unreachable as reason:
            self._count_fault("fenced" if isinstance(reason, Fenced) else reason.trouble or "unreachable")
            if reason.trouble or isinstance(reason, Fenced):
                self._told = None
            if isinstance(reason, Fenced):
                await self._yield_place(state, changes, reason)
            elif reason.trouble or state.trouble != "fenced":
                await self._note_trouble(state, reason.trouble)
            await self._note_unreachable(state, str(reason))
            await self._pause(reason.after)
        except Forked as reason:
            self._count_fault("fork")
            self._told = None
            log.error("sync_forked", reason=str(reason))
            await self._pause(0.0)
        except Exception as reason:
            # a line reset at the wrong moment surfaces as anything, e.g. AttributeError in the HTTP library; the
            # sender must outlive it, or the branch would stay silent until its next start
            self._count_fault("failed")
            self._told = None
            log.exception("sync_failed", error=repr(reason))
            await self._pause(0.0)

    def _count_sent(self, changes: int, size: int) -> None:
        site = site_of(self.identity.branch)
        REPLICATION_CHANGES.labels(site, PEER).inc(changes)
        REPLICATION_BYTES.labels(site, PEER).inc(size)

    def _count_fault(self, fault: str) -> None:
        REPLICATION_FAULTS.labels(site_of(self.identity.branch), PEER, fault).inc()

    async def _yield_place(self, state: ReplicationState, changes: Log, reason: Fenced) -> None:
        """1 nothing more is written here  2 headquarters gets what it had not seen; again when something was written between."""
        set_fence(self.identity.folder, True)
        await self._note_trouble(state, "fenced")
        if (head := await changes.head()) != self._handed_head:
            try:
                await hand_over(self._ask, changes, state, reason.cursor)
                self._handed_head = head
            except Unreachable as error:
                log.warning("hand_over_waits", reason=str(error))

    async def take_handed_for_ever(self, every_seconds: float) -> None:
        """At a node that was promoted: take in what the node before hands over. Ends at once at any other."""
        with self.database.use():
            while not self._stopping and await was_promoted():
                with suppress(Unreachable, AskAgain, Forked):  # asked again in a moment
                    await take_handed(self._ask)
                await asyncio.sleep(every_seconds)

    async def keep_accounts_sealed(self, every_seconds: float) -> None:
        """Seal the accounts for an invited standby, soon after each change; costs a look at one row where there is none."""
        with self.database.use():
            while not self._stopping:
                if self.place.is_held:
                    try:
                        await keep_sealed(self._ask, self.identity.folder)
                    except (Unreachable, AskAgain, Forked) as reason:
                        log.info("accounts_wait", reason=str(reason))
                    except Exception as reason:  # e.g. a locked database; the next round tries again
                        log.exception("accounts_not_sealed", error=repr(reason))
                await asyncio.sleep(every_seconds)

    async def _pause(self, at_least: float) -> None:
        """Full-jitter back-off: between 0 and 0.2 s x 2^failures, capped, or until a person asks; a `Retry-After` is always kept."""
        self._failures += 1
        ceiling = min(MAX_BACKOFF_SECONDS, 0.2 * 2 ** min(self._failures, 12))
        await asyncio.sleep(at_least)
        await self.nudge.rest(random.uniform(0.0, ceiling))

    async def _push(self, state: ReplicationState, changes: Log) -> None:
        position, cursor, prepared = await self._resume(state, changes) or await self._greet(state, changes)
        while not self._stopping:
            if prepared is None:
                prepared = await self._prepare(state, changes, position, cursor)
            if prepared is None:
                if await self._is_due(cursor):
                    prepared = await self._heartbeat(state, changes, position)
                continue
            if self.place.is_lost:
                raise AskAgain("another process may send now")
            body, end = prepared
            self._told = cursor
            sending = asyncio.create_task(self._send(body))
            try:
                prepared = await self._prepare(state, changes, end, cursor)
            finally:
                cursor = await sending
            if cursor.seq != end.seq:
                raise AskAgain("headquarters stands elsewhere")
            self._count_sent(end.seq - position.seq, len(body))
            position = end
            self._failures = 0
            await self._note_acked(state, position, cursor.safe_seq, force=prepared is None)
            await self._answer_scrub(state, position, cursor)

    async def _is_due(self, cursor: CursorReply) -> bool:
        """False as soon as something was committed, True once headquarters has heard nothing for a heartbeat's time: commits that
        change no replicated row may come more often than that, for ever."""
        left = self._heard_at + cursor.heartbeat_seconds - asyncio.get_running_loop().time()
        return left <= 0 or not await self.nudge.wait(left)

    async def _greet(self, state: ReplicationState, changes: Log) -> Start:
        """Ask where headquarters stands and prove that it lies in the log; merge first when it does not."""
        cursor = await self._hello(state, changes)
        try:
            position = await self._prove(state, changes, cursor)
        except Forked as reason:
            position, cursor = await self._rejoin(state, changes, cursor, str(reason))
        await self._note_contact(state, position, cursor)
        await self._answer_scrub(state, position, cursor)
        return position, cursor, None

    async def _resume(self, state: ReplicationState, changes: Log) -> Start | None:
        """After a cut in the middle of pushing: what comes next after the cursor that headquarters told last, if anything does.
        Headquarters compares every batch with its own cursor, so that this one may go without a greeting before it."""
        cursor, self._told = self._told, None
        if cursor is None:
            return None
        position = await self._prove(state, changes, cursor)
        prepared = await self._prepare(state, changes, position, cursor)
        return (position, cursor, prepared) if prepared is not None else None

    async def _answer_scrub(self, state: ReplicationState, position: Position, cursor: CursorReply) -> None:
        """Tell headquarters which rows differ, when it asks; both stand at `position` meanwhile. A talk that fails holds
        up no changes: it begins again after a while."""
        now = asyncio.get_running_loop().time()
        if not cursor.scrub or now < self._silent_until:
            return
        try:
            await talk(self._ask, self.identity.branch, state.epoch, position.seq)
        except Cloned:
            raise
        except Unreachable as reason:
            self._silent_until = now + SCRUB_PAUSE_SECONDS
            log.warning("scrub_failed", reason=str(reason))

    async def _hello(self, state: ReplicationState, changes: Log) -> CursorReply:
        said = Hello(self.identity.branch, state.epoch, await changes.head(), SCHEMA_VERSION)
        return await self._post(HELLO_PATH, msgspec.json.encode(said))

    async def _prove(self, state: ReplicationState, changes: Log, cursor: CursorReply) -> Position:
        """The position of headquarters' cursor in our own log. Raises Forked when it is not in it."""
        epoch = cursor.epoch or state.epoch  # nothing known of us yet: the log from its beginning
        if epoch != state.epoch:
            raise Forked("headquarters knows another epoch of this branch")
        try:
            position = await position_at(changes, epoch, cursor.seq)
        except NotInLog as error:
            raise Forked(f"headquarters stands elsewhere: {error}") from error
        if position.chain.hex() != cursor.chain:
            raise Forked("headquarters knows another history of this branch up to its cursor")
        return position

    async def _rejoin(
        self, state: ReplicationState, changes: Log, cursor: CursorReply, reason: str
    ) -> tuple[Position, CursorReply]:
        """Merge with what headquarters holds unless that is done, then tell it the new epoch; where to push from."""
        era = await ReplicationEpoch.get(epoch=state.epoch)
        if not is_beginning(era, cursor):
            log.warning("branch_rejoins", reason=reason)
            try:
                await rejoin(self._ask, self.identity.branch, self.identity.folder, changes)
            except Moved as error:
                raise AskAgain(str(error)) from error
            await state.refresh_from_db()
            era = await ReplicationEpoch.get(epoch=state.epoch)
        said = EpochBegin(
            self.identity.branch, era.epoch, era.base, era.origin_epoch, era.origin_seq, era.origin_chain, era.reason
        )  # fmt: skip
        cursor = await self._post(EPOCH_PATH, msgspec.json.encode(said))
        era.told_at = clock.now()
        await era.save(update_fields=["told_at"])
        return await self._prove(state, changes, cursor), cursor

    async def _prepare(
        self, state: ReplicationState, changes: Log, start: Position, credit: CursorReply
    ) -> tuple[bytes, Position] | None:
        """The next batch ready to send, or None when the log has nothing more."""
        self.nudge.clear()
        found = await changes.rows(start.seq, credit.rows)
        if not found:
            return None
        rows = one_batch(found, credit.rows, credit.bytes)
        head = rows[-1][0] if len(rows) == len(found) < credit.rows else await changes.head()
        return await asyncio.to_thread(
            pack, self.identity.branch, state.epoch, start, rows, head, SCHEMA_VERSION
        )

    async def _heartbeat(
        self, state: ReplicationState, changes: Log, position: Position
    ) -> tuple[bytes, Position]:
        return pack(self.identity.branch, state.epoch, position, [], await changes.head(), SCHEMA_VERSION)

    async def _send(self, body: bytes) -> CursorReply:
        return await self._post(BATCH_PATH, body)

    async def _post(self, path: str, body: bytes) -> CursorReply:
        """One signed request answered with a cursor. Raises as `_ask`."""
        try:
            cursor = msgspec.json.decode(await self._ask(path, body), type=CursorReply)
        except msgspec.MsgspecError as error:
            raise Unreachable("headquarters answered something else") from error
        self._heard_at = asyncio.get_running_loop().time()
        return cursor

    async def _ask(self, path: str, body: bytes) -> bytes:
        """One signed request. Raises Unreachable (Cloned, Outdated, Fenced), AskAgain (gap) or Forked."""
        try:
            answer = await self._http.post(path, content=body, headers=self._signer.headers("POST", path, body))  # fmt: skip
        except httpx.HTTPError as error:
            raise Unreachable(repr(error)) from error
        if answer.status_code == 200:
            return answer.content
        raise refusal_of(answer)

    async def _note_contact(self, state: ReplicationState, position: Position, cursor: CursorReply) -> None:
        self._failures = 0
        state.contact_at = clock.now()
        state.unreachable_since = None
        state.acked_seq, state.safe_seq, state.trouble = position.seq, cursor.safe_seq, ""
        set_fence(self.identity.folder, False)
        await state.save(
            update_fields=["contact_at", "unreachable_since", "acked_seq", "safe_seq", "trouble"]
        )

    async def _note_trouble(self, state: ReplicationState, trouble: str) -> None:
        if state.trouble != trouble:
            state.trouble = trouble
            await state.save(update_fields=["trouble"])

    async def _note_unreachable(self, state: ReplicationState, reason: str) -> None:
        if state.unreachable_since is None:
            state.unreachable_since = clock.now()
            await state.save(update_fields=["unreachable_since"])
        log.warning("hq_unreachable", reason=reason, failures=self._failures)

    async def _note_acked(
        self, state: ReplicationState, position: Position, safe_seq: int, *, force: bool
    ) -> None:
        """Remember the acknowledged position; at most once a second while a backlog drains."""
        now = asyncio.get_running_loop().time()
        if not force and now - self._checkpointed < CHECKPOINT_EVERY_SECONDS:
            return
        self._checkpointed = now
        state.acked_seq, state.safe_seq = position.seq, safe_seq
        state.acked_at = state.contact_at = clock.now()
        state.unreachable_since = None
        await state.save(
            update_fields=["acked_seq", "safe_seq", "acked_at", "contact_at", "unreachable_since"]
        )
        if position.seq and not await ReplicationCheckpoint.exists(epoch=state.epoch, seq=position.seq):
            await ReplicationCheckpoint.create(
                seq=position.seq,
                epoch=state.epoch,
                chain=position.chain.hex(),
                digests=position.to_json(),
            )
            stale = await ReplicationCheckpoint.all().order_by("-seq").offset(KEPT_CHECKPOINTS).limit(1)
            if stale:
                await ReplicationCheckpoint.filter(seq__lte=stale[0].seq).delete()
