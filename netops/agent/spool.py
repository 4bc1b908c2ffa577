"""What waits for the center: a bounded SQLite file, used from the disk thread only.

Bounded by bytes and by age; the oldest goes first and is counted. Log offsets are kept in the same file, so that lines
and the offset behind them are written in one transaction: after a crash no line is read twice or left out.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from netops.agent.settings import Spool as Bounds
from shared.clock import now
from shared.nodes.report import Item, SampleBatch, SampleRow

_SCHEMA = """
create table if not exists item (
  key integer primary key autoincrement, at_us integer not null, names integer not null, content blob not null);
create table if not exists names (id integer primary key, content blob not null unique);
create table if not exists tail (source text primary key, content blob not null);
create table if not exists count (name text primary key, value integer not null);
"""
_ROW_OVERHEAD_BYTES = 40


@dataclass(frozen=True, slots=True)
class Waiting:
    """An item and the keys of the rows it stands for: neighbouring samples are sent as one batch."""

    item: Item
    keys: tuple[int, ...]
    size: int
    at_us: int


class TailPosition(msgspec.Struct):
    """How far a log file was read."""

    inode: int
    generation: int
    offset: int


class Spool:
    """The file. Raises sqlite3.Error when the disk is full: the caller then counts what it could not keep."""

    def __init__(self, path: Path, bounds: Bounds) -> None:
        self._bounds = bounds
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("pragma journal_mode=wal")
        self._db.execute("pragma synchronous=normal")
        self._db.execute("pragma cache_size=-500")
        self._db.execute("pragma wal_autocheckpoint=200")
        self._db.executescript(_SCHEMA)
        self._names: dict[tuple[str, ...], int] = {}
        self.items, self.bytes = self._measure()
        row = self._db.execute("select value from count where name = 'dropped'").fetchone()
        self.dropped = row[0] if row else 0

    def put(self, items: list[Item], tails: dict[str, TailPosition] | None = None) -> None:
        """Keeps items and, in the same transaction, how far their logs were read. Then drops what exceeds the bounds."""
        at_us = _now_us()
        self._db.execute("begin immediate")
        try:
            for item in items:
                names, content = self._pack(item)
                self._db.execute(
                    "insert into item (at_us, names, content) values (?, ?, ?)", (at_us, names, content)
                )
                self.items, self.bytes = self.items + 1, self.bytes + len(content) + _ROW_OVERHEAD_BYTES
            for source, position in (tails or {}).items():
                self._db.execute(
                    "insert or replace into tail values (?, ?)", (source, msgspec.json.encode(position))
                )
            self._db.execute("commit")
        except BaseException:
            self._db.execute("rollback")
            self._names.clear()
            self.items, self.bytes = self._measure()
            raise
        self._bound(at_us)

    def tails(self) -> dict[str, TailPosition]:
        rows = self._db.execute("select source, content from tail").fetchall()
        return {source: msgspec.json.decode(content, type=TailPosition) for source, content in rows}

    def waiting(self, *, live_from: datetime, credit_items: int, credit_bytes: int) -> list[Waiting]:
        """What to send next: first what is younger than `live_from`, then the oldest of the backlog as history.

        Live items count against the bytes only; at least one item is returned when there is any.
        """
        border = int(live_from.timestamp() * 1_000_000)
        live = self._read("at_us >= ? order by key", (border,), credit_bytes, 100_000, is_history=False)
        left = credit_bytes - sum(waiting.size for waiting in live)
        if live and left <= 0:
            return live
        return live + self._read("at_us < ? order by key", (border,), left, credit_items, is_history=True)

    def forget(self, keys: list[int]) -> None:
        """The center has these for good."""
        self._db.execute("begin immediate")
        for key in keys:
            for (size,) in self._db.execute(
                "delete from item where key = ? returning length(content)", (key,)
            ):
                self.items, self.bytes = self.items - 1, self.bytes - size - _ROW_OVERHEAD_BYTES
        self._db.execute("commit")

    def close(self) -> None:
        self._db.close()

    def _pack(self, item: Item) -> tuple[int, bytes]:
        if isinstance(item, SampleBatch) and len(item.rows) == 1:
            return self._names_id(tuple(item.names)), msgspec.json.encode(item.rows[0])
        return 0, msgspec.json.encode(item)

    def _names_id(self, names: tuple[str, ...]) -> int:
        if names not in self._names:
            content = msgspec.json.encode(names)
            self._db.execute("insert or ignore into names (content) values (?)", (content,))
            found = self._db.execute("select id from names where content = ?", (content,)).fetchone()
            self._names[names] = found[0]
        return self._names[names]

    def _read(
        self, where: str, values: tuple[int, ...], limit_bytes: int, limit_items: int, *, is_history: bool
    ) -> list[Waiting]:
        found: list[Waiting] = []
        batch: SampleBatch | None = None
        batch_names = 0
        rows = self._db.execute(f"select key, at_us, names, content from item where {where}", values)
        for key, at_us, names, content in rows:
            limit_bytes -= len(content)
            limit_items -= 1
            if found and (limit_bytes < 0 or limit_items < 0):
                break
            if not names:
                item = msgspec.json.decode(content, type=Item)
                item.key, item.history = key, is_history
                found.append(Waiting(item, (key,), len(content), at_us))
                batch = None
                continue
            row = msgspec.json.decode(content, type=SampleRow)
            if batch is not None and batch_names == names:
                batch.rows.append(row)
                last = found[-1]
                found[-1] = Waiting(batch, (*last.keys, key), last.size + len(content), last.at_us)
                continue
            batch = SampleBatch(key=key, names=self._names_of(names), rows=[row], history=is_history)
            batch_names = names
            found.append(Waiting(batch, (key,), len(content), at_us))
        rows.close()
        return found

    def _names_of(self, names: int) -> list[str]:
        row = self._db.execute("select content from names where id = ?", (names,)).fetchone()
        return msgspec.json.decode(row[0], type=list[str])

    def _bound(self, at_us: int) -> None:
        """Drops the oldest until both bounds hold. A clock that jumped forward drops by age only what it says is old."""
        oldest_us = at_us - int(self._bounds.longest_seconds * 1_000_000)
        dropped = self._db.execute("delete from item where at_us < ?", (oldest_us,)).rowcount
        if self.bytes > self._bounds.largest_bytes:
            dropped += self._drop_oldest(self.bytes - self._bounds.largest_bytes * 9 // 10)
        if dropped:
            self.dropped += dropped
            self._db.execute("insert or replace into count values ('dropped', ?)", (self.dropped,))
            self.items, self.bytes = self._measure()

    def _drop_oldest(self, excess_bytes: int) -> int:
        last = 0
        for key, size in self._db.execute("select key, length(content) from item order by key"):
            last = key
            excess_bytes -= size + _ROW_OVERHEAD_BYTES
            if excess_bytes <= 0:
                break
        return self._db.execute("delete from item where key <= ?", (last,)).rowcount

    def _measure(self) -> tuple[int, int]:
        count, size = self._db.execute(
            "select count(*), coalesce(sum(length(content)), 0) from item"
        ).fetchone()
        return count, size + count * _ROW_OVERHEAD_BYTES


def keys_of(batches: list[Waiting], taken: list[int]) -> list[int]:
    """Row keys that stand behind the item keys an Ack names."""
    accepted = set(taken)
    return [key for waiting in batches if waiting.item.key in accepted for key in waiting.keys]


def _now_us() -> int:
    return int(now().timestamp() * 1_000_000)
