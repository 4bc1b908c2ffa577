"""A connection to SQLite whose quick statements run where they are asked for; what may take long goes to its thread.

The way to the thread and back costs some 0.1 ms of processor, more than most statements do, and an approved order makes
seventy. So that nobody's page waits for somebody else's statement, the event loop runs only

* a SELECT, given up after READ_STEPS steps of SQLite and asked again in the thread; a text that took more of the processor than
  SLOW_S, or WAITED_S of the clock, goes to the thread for the next times;
* inside a transaction, a write that finds one row by its id, or inserts a few: never a commit, which waits for the disk.

After INLINE_MOST statements or INLINE_S seconds in a row one goes to the thread all the same, and others have their turn.
"""

import re
import sqlite3
from collections.abc import Callable
from functools import lru_cache
from time import perf_counter, thread_time
from typing import Any, Literal

import aiosqlite

READ_STEPS = 20_000
SLOW_S, WAITED_S = 0.001, 0.01
SLOW_FOR = 50
SLOW_TEXTS = 512
INLINE_MOST, INLINE_S = 24, 0.003
FEW_ROWS = 20

_CHANGING = re.compile(r"\b(INSERT|UPDATE|DELETE|REPLACE)\b", re.I)
_OF_ONE_ROW = re.compile(r"\bWHERE\s+\"?id\"?\s*=\s*\?(\s+AND\b|\s*$|\s+RETURNING\b)", re.I)
_SELECTING = re.compile(r"\bSELECT\b", re.I)

Kind = Literal["read", "write", "other"]


@lru_cache(maxsize=2_048)
def kind_of(sql: str) -> Kind:
    """What a statement is by its text: only reading, writing few rows, or anything else."""
    word = sql.lstrip()[:6].upper()
    if word == "SELECT" or (word.startswith("WITH") and not _CHANGING.search(sql)):
        return "read"
    if _SELECTING.search(sql):
        return "other"
    if word == "INSERT" or (word == "UPDATE" and _OF_ONE_ROW.search(sql)):
        return "write"
    return "other"


class Connection(aiosqlite.Connection):
    """As aiosqlite's, but for where statements run. Used by one event loop."""

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, iter_chunk_size=64)
        self._sent = self._done = 0
        self._in_a_row, self._spent = 0, 0.0
        self._slow: dict[str, int] = {}

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        sql = args[-2] if len(args) > 1 and isinstance(args[-2], str) else ""
        if sql and self._may_run_here(sql, fn, args[-1]):
            try:
                return self._run_here(sql, lambda: fn(*args, **kwargs))
            except sqlite3.OperationalError as error:
                if str(error) != "interrupted":
                    raise
        return await self._in_thread(lambda: fn(*args, **kwargs))

    def _may_run_here(self, sql: str, fn: Callable[..., Any], values: Any) -> bool:
        """Whether the thread is idle and the statement is of a kind that ends soon."""
        connection = self._connection
        if connection is None or not self._running or self._sent != self._done:
            return False
        if self._in_a_row >= INLINE_MOST or self._spent >= INLINE_S or self._is_slow(sql):
            return False
        kind = kind_of(sql)
        if kind == "write":
            is_many = getattr(fn, "__name__", "") == "executemany"
            return connection.in_transaction and (not is_many or len(values) <= FEW_ROWS)
        return kind == "read"

    def _is_slow(self, sql: str) -> bool:
        """Whether this text took long lately; each question counts it down."""
        left = self._slow.get(sql, 0)
        if left > 1:
            self._slow[sql] = left - 1
        elif left:
            del self._slow[sql]
        return left > 0

    def _run_here(self, sql: str, work: Callable[[], Any]) -> Any:
        """Do it now. OperationalError `interrupted` for a SELECT of too many steps; it has left nothing behind."""
        connection = self._conn
        begun, worked = perf_counter(), thread_time()
        is_read = kind_of(sql) == "read"
        if is_read:
            connection.set_progress_handler(_stop, READ_STEPS)
        try:
            return work()
        finally:
            if is_read:
                connection.set_progress_handler(None, 0)
            took = thread_time() - worked
            self._in_a_row += 1
            self._spent += took
            if took > SLOW_S or perf_counter() - begun > WAITED_S:
                if len(self._slow) >= SLOW_TEXTS:
                    self._slow.clear()
                self._slow[sql] = SLOW_FOR

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        self._in_a_row, self._spent = 0, 0.0
        self._sent += 1

        def counted() -> Any:
            try:
                return work()
            finally:
                self._done += 1

        return await super()._execute(counted)  # type: ignore[no-untyped-call]


def _stop() -> int:
    """The progress handler: the statement has taken its steps."""
    return 1


async def connect(file: str) -> Connection:
    """An open connection in autocommit mode, its rows by column."""

    def opened() -> sqlite3.Connection:
        made = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        made.row_factory = sqlite3.Row
        return made

    connection = Connection(opened)
    await connection
    return connection
