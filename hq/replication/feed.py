"""The stream down: what headquarters owns, in the order of its log, to each branch what is for that branch.

The branch asks with the position it holds and gets what lies after it; with nothing new the answer waits (long poll).
Nothing is remembered for a branch that the branch does not say itself. A position that is not in this log (first
contact, or headquarters was put back from a copy) is answered from the beginning: the branch then replaces all it has.
"""

import asyncio
import secrets
from bisect import bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from uuid import UUID

from sse_starlette.sse import AppStatus
from tortoise.exceptions import IntegrityError

from hq.replication.feed_models import FeedState
from hq.replication.visible import Units, operation
from shared import clock
from shared.canonical import to_micros
from shared.database import fetch_all, fetch_value
from shared.database.nudge import Nudge
from shared.replication.change import CHAIN_START, encode_line, extend_chain
from shared.replication.feed import MAX_WAIT_SECONDS, FeedHead, FeedRequest

PAGE = 1_000
PAGE_BYTES = 1_000_000
KEPT_POSITIONS = 4_096
LOOK_SECONDS = 1.0
READING_AT_ONCE = 8
"""How many answers are put together at once when something new wakes all who wait."""


@dataclass(frozen=True)
class Entry:
    """One change of headquarters' own log; `after` and `before` are canonical rows."""

    seq: int
    txid: int
    table: str
    pk: str
    op: str
    schema: int
    at: int
    after: str | None
    before: str | None

    @property
    def line(self) -> bytes:
        """As the chain hash goes over it."""
        return encode_line(
            self.seq, self.txid, self.table, self.op, self.schema, self.at, self.pk, self.after
        )

    def line_for(self, op: str) -> bytes:
        """As a branch gets it: the row, or that it is gone."""
        after = self.after if op == "u" else None
        return encode_line(self.seq, self.txid, self.table, op, self.schema, self.at, self.pk, after)


LOG_SQL = """
SELECT seq, txid, "table", pk, op, schema, at, after, before FROM (
  SELECT seq, txid, tbl AS "table", pk, op, schema, at, row_after AS after, row_before AS before,
    SUM(COALESCE(LENGTH(row_after), 0)) OVER (ORDER BY seq) AS size
  FROM change WHERE seq > :after AND seq <= :until ORDER BY seq) page
WHERE size <= :bytes OR seq = :after + 1 ORDER BY seq
"""


async def read_log(after: int, limit: int = PAGE) -> list[Entry]:
    """The next changes after a position: up to `limit` and PAGE_BYTES of rows, but at least one."""
    rows = await fetch_all(LOG_SQL, after=after, until=after + limit, bytes=PAGE_BYTES)
    return [Entry(**row) for row in rows]


async def goes_on(last: Entry) -> bool:
    """Whether the transaction of `last` has further changes."""
    return bool(
        await fetch_value("SELECT txid FROM change WHERE seq = :next", next=last.seq + 1) == last.txid
    )


async def log_head() -> int:
    """The last position of headquarters' own log, 0 while it is empty."""
    return int(await fetch_value("SELECT MAX(seq) AS seq FROM change") or 0)


async def feed_epoch() -> str:
    """The epoch of headquarters' own log: made once, with the database."""
    state = await FeedState.get_or_none(id=1)
    if state is None:
        try:
            state = await FeedState.create(id=1, epoch=secrets.token_hex(16))
        except IntegrityError:
            state = await FeedState.get(id=1)
    return state.epoch


class Chain:
    """Chain hashes of headquarters' own log, remembered where somebody asked. One per process."""

    def __init__(self) -> None:
        self._known: dict[int, bytes] = {0: CHAIN_START}
        self._order = [0]

    async def at(self, seq: int) -> bytes | None:
        """The chain hash at a position; None when the log ends before it."""
        place = self._order[bisect_right(self._order, seq) - 1]
        chain = self._known[place]
        while place < seq:
            entries = await read_log(place, min(PAGE, seq - place))
            if not entries:
                return None
            chain = await asyncio.to_thread(extend_chain, chain, [entry.line for entry in entries])
            place = entries[-1].seq
            self._remember(place, chain)
        return chain

    def _remember(self, seq: int, chain: bytes) -> None:
        if seq in self._known:
            return
        if len(self._order) > KEPT_POSITIONS:
            self._order = self._order[::2]
            self._known = {place: self._known[place] for place in self._order}
        self._known[seq] = chain
        insort(self._order, seq)


@dataclass
class Feed:
    """Answers the branches of one process. `watch` must run for the answers to come when something is written."""

    chain: Chain = field(default_factory=Chain)
    head: int = -1
    is_closing: bool = False
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _desk: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(READING_AT_ONCE))

    async def answer(self, asked: FeedRequest) -> tuple[FeedHead, list[bytes]]:
        """What lies after the branch's position; waits up to `wait_seconds` for something that is for this branch."""
        until = monotonic() + min(asked.wait_seconds, MAX_WAIT_SECONDS)
        epoch = await feed_epoch()
        is_known = await self.knows(asked, epoch)
        base = asked.seq if is_known else 0
        last, lines, is_partial = base, [], False
        while True:
            news = self._news
            async with self._desk:
                entries = await read_log(last)
                if entries:
                    last, is_partial = entries[-1].seq, await goes_on(entries[-1])
                    lines = await lines_for(asked.branch, entries)
            if lines or not is_known or monotonic() >= until or self.is_closing:
                break
            if not entries:
                await wait_for(news, until)
        chain = await self.chain.at(last) or b""
        return FeedHead(
            epoch=epoch, base=base, last=last, chain=chain.hex(), rows=len(lines), head=max(last, await log_head()),
            at=to_micros(clock.now()), is_reset=not is_known, is_partial=is_partial,
        ), lines  # fmt: skip

    async def knows(self, asked: FeedRequest, epoch: str) -> bool:
        """Whether the branch's position lies in this log."""
        if asked.epoch != epoch or asked.seq < 0:
            return False
        chain = await self.chain.at(asked.seq)
        return chain is not None and chain.hex() == asked.chain

    async def watch(self) -> None:
        """Wake the waiting answers when the log has grown, also by another process, and when the server is told to
        end: a long poll would hold it up. Runs while the site does."""
        nudge = Nudge()
        nudge.listen()
        try:
            while not AppStatus.should_exit:
                nudge.clear()
                head = await log_head()
                if head != self.head:
                    self.head = head
                    self.tell()
                await nudge.wait(LOOK_SECONDS)
            self.close()
        finally:
            nudge.forget()

    def tell(self) -> None:
        """Let every waiting answer look again."""
        news, self._news = self._news, asyncio.Event()
        news.set()

    def close(self) -> None:
        """Answer whoever waits; later ones do not wait."""
        self.is_closing = True
        self.tell()


async def wait_for(news: asyncio.Event, until: float) -> None:
    """Until the event or the moment, whichever comes first."""
    try:
        async with asyncio.timeout(max(0.0, until - monotonic())):
            await news.wait()
    except TimeoutError:
        pass


async def lines_for(code: str, entries: Sequence[Entry]) -> list[bytes]:
    """The lines of `entries` that a branch gets."""
    units = await units_of(entries)
    lines = []
    for entry in entries:
        if op := operation(entry.table, entry.after, entry.before, code, units):
            lines.append(entry.line_for(op))
    return lines


async def units_of(entries: Sequence[Entry]) -> Units:
    """The units of the targets that `entries` have lines of."""
    if not any(entry.table == "target_line" for entry in entries):
        return {}
    rows = await fetch_all("SELECT CAST(id AS VARCHAR(36)) AS id, unit_kind, unit_branch FROM target")
    return {UUID(row["id"]): (row["unit_kind"], row["unit_branch"]) for row in rows}
