"""Reads the branch's change log for the sender: batches as wire bytes, and the chain and digests at any position.

SQLite is read over a connection of its own in a thread, so that sending never holds up a page. Positions, chain and
digests follow from the log alone; checkpoints only save recomputing them.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec
import zstandard

from shared.replication.change import CHAIN_START, Digest, extend_chain
from shared.replication.layout import write_layout
from shared.replication.messages import BatchHead
from shared.threads import in_thread

T = TypeVar("T")

_LINE = (
    "seq || {tab} || txid || {tab} || tbl || {tab} || op || {tab} || schema || {tab} || at || {tab} || pk || {tab} "
    "|| COALESCE(row_after, '')"
)
SQLITE_LINES = (
    f"SELECT seq, txid, tbl, row_before, CAST({_LINE.format(tab='char(9)')} AS BLOB) "
    "FROM change WHERE seq > ? ORDER BY seq LIMIT ?"
)
POSTGRES_LINES = (
    f"SELECT seq, txid, tbl, row_before, convert_to({_LINE.format(tab='chr(9)')}, 'UTF8') AS line "
    "FROM change WHERE seq > $1 ORDER BY seq LIMIT $2"
)

LogRow = tuple[int, int, str, str | None, bytes]
"""seq, txid, table, canonical row before (None for an insert), line."""


@dataclass
class Position:
    """A place in the log with what is provable there: chain hash and running digest of every table."""

    seq: int = 0
    chain: bytes = CHAIN_START
    digests: dict[str, Digest] = field(default_factory=dict)

    def copy(self) -> "Position":
        return Position(
            self.seq, self.chain, {name: Digest(d.count, d.total) for name, d in self.digests.items()}
        )

    def advance(self, rows: Iterable[LogRow]) -> set[str]:
        """Move over `rows`, which follow the position; the tables they touch."""
        came: dict[str, list[bytes]] = {}
        went: dict[str, list[bytes]] = {}
        lines: list[bytes] = []
        for seq, _txid, table, before, line in rows:
            after = line[line.rindex(b"\t") + 1 :]
            came.setdefault(table, []).append(after)
            if before is not None:
                went.setdefault(table, []).append(before.encode())
            lines.append(line)
            self.seq = seq
        for table, states in came.items():
            digest = self.digests.setdefault(table, Digest())
            digest.add_all(filter(None, states))
            digest.remove_all(went.get(table, ()))
        self.chain = extend_chain(self.chain, lines)
        return set(came)

    def to_json(self) -> str:
        """For a checkpoint."""
        return msgspec.json.encode({name: digest.text() for name, digest in self.digests.items()}).decode()

    @classmethod
    def from_parts(cls, seq: int, chain: str, digests: str) -> "Position":
        """The position of a stored checkpoint."""
        parsed = {name: Digest.parse(text) for name, text in msgspec.json.decode(digests).items()}
        return cls(seq, bytes.fromhex(chain), parsed)


class Log(Protocol):
    """The change log of one branch."""

    async def head(self) -> int: ...

    async def rows(self, after: int, limit: int) -> list[LogRow]: ...

    async def close(self) -> None: ...


class SqliteLog:
    """The log in a SQLite file, over a read-only connection used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(
            f"file:{path}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
        )
        self._lock = asyncio.Lock()

    async def head(self) -> int:
        """The last position, 0 for an empty log."""
        return await self._aside(self._head)

    def _head(self) -> int:
        found = self._connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'change'").fetchone()
        return int(found[0]) if found else 0

    async def rows(self, after: int, limit: int) -> list[LogRow]:
        """Up to `limit` rows after a position."""
        return await self._aside(self._rows, after, limit)

    def _rows(self, after: int, limit: int) -> list[LogRow]:
        return self._connection.execute(SQLITE_LINES, (after, limit)).fetchall()

    async def _aside(self, work: Callable[..., T], *values: object) -> T:
        async with self._lock:
            return await in_thread(work, *values, hurry=self._connection.interrupt)

    async def close(self) -> None:
        """Close the connection, after whoever reads."""
        async with self._lock:
            self._connection.close()


class PostgresLog:
    """The log in PostgreSQL, over a pool of one or two connections."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    async def head(self) -> int:
        """The last position, 0 for an empty log."""
        return int(await self._pool.fetchval("SELECT seq FROM change_head") or 0)

    async def rows(self, after: int, limit: int) -> list[LogRow]:
        """Up to `limit` rows after a position."""
        return [tuple(row) for row in await self._pool.fetch(POSTGRES_LINES, after, limit)]

    async def close(self) -> None:
        """Close the pool."""
        await self._pool.close()


def whole_transactions(rows: list[LogRow], limit: int) -> list[LogRow]:
    """`rows` without a last transaction that the limit may have cut; all of them when that leaves nothing."""
    if len(rows) < limit:
        return rows
    last = rows[-1][1]
    cut = len(rows)
    while cut and rows[cut - 1][1] == last:
        cut -= 1
    return rows[:cut] or rows


def one_batch(rows: list[LogRow], limit: int, limit_bytes: int) -> list[LogRow]:
    """What of `rows` goes into one batch: whole transactions up to `limit_bytes` of lines; at least one change."""
    size = 0
    for at, row in enumerate(rows):
        size += len(row[4])
        if size > limit_bytes and at:
            return whole_transactions(rows[:at], at)
    return whole_transactions(rows, limit)


def pack(branch: str, epoch: str, start: Position, rows: list[LogRow], head: int, schema: int) -> tuple[bytes, Position]:  # fmt: skip
    """The request body for `rows` after `start`, and the position after them. No rows: a heartbeat."""
    end = start.copy()
    touched = end.advance(rows)
    layout, laid_out = write_layout([row[4] for row in rows])
    opening = BatchHead(
        branch=branch,
        epoch=epoch,
        base=start.seq,
        last=end.seq,
        chain_before=start.chain.hex(),
        chain=end.chain.hex(),
        rows=len(rows),
        head=max(head, end.seq),
        schema=schema,
        digests={name: end.digests[name].text() for name in sorted(touched)},
        layout=layout,
    )
    body = msgspec.json.encode(opening) + b"\n" + laid_out
    return zstandard.ZstdCompressor(level=3, write_content_size=True).compress(body), end
