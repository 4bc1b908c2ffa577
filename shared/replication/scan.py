"""Reads a branch's rows for proof: in bulk, from one consistent view, in bounded memory, beside whoever writes.

Called at both ends of a scrub (PROTOCOL.md, 'Scrub') and by `hq verify`. Reading holds up no writer.
"""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol, Self

from shared.database import engine
from shared.database.access import bind, connection
from shared.replication.change import Digest
from shared.replication.columns import QUOTE, Table
from shared.threads import in_thread

CHUNK = 1_000
"""Rows of a branch's file held at once: a megabyte or two. Four times as many are no faster."""
PIECE_BYTES = 1_000_000
SMALL_BYTES, GATHER_SECONDS = 64 * 1024, 0.002
"""PostgreSQL sends 8 kB at a time, and taking each alone cost as much as hashing what is in it: so long the line may fill, once
as much has come that more is likely."""
LINES = 1_024
"""Rows that SQLite joins into one text for the second reader's sake: some milliseconds in which the interpreter is free. A quarter of it was a fifth slower."""
DENSE = 2
"""Picking the numbers of a branch's rows over an index costs a fifth of reading them, passing a row of another branch by costs about as much."""
TWO_READERS_FROM_BYTES = 50_000_000
"""A smaller file or table is read through sooner than a second connection has opened."""
WAIT_FOR_WRITER_SECONDS = 0.25
WHOLE_BUCKET_DIGITS = (2, 3)
MANY_ROWS = 50_000
Take = Callable[[Sequence[tuple[bytes, bytes]]], None]
"""Takes (key, canonical row) pairs; called in another thread than the event loop."""


class View(Protocol):
    """A consistent view of the database: what it holds does not change while it is open."""

    dialect: str

    async def all(self, sql: str, **params: Any) -> list[tuple[Any, ...]]:
        """The rows of a short answer; `:name` places as everywhere."""
        ...

    async def scan(self, sql: str, take: Take, **params: Any) -> None:
        """Hand every row of a two-column SELECT (text, bytes or text) to `take`, some thousands at a time."""
        ...


class SqliteView:
    """A read transaction on a connection of its own, in a thread. `rest` is how long to pause after each piece, as a
    multiple of the time that it took: 0 hurries, 1 leaves half of a processor to others."""

    dialect = "sqlite"

    def __init__(self, connection: sqlite3.Connection, rest: float, second: sqlite3.Connection | None = None) -> None:  # fmt: skip
        """`second` sees the same rows as `connection`."""
        self._connection, self._rest, self._second = connection, rest, second

    async def all(self, sql: str, **params: Any) -> list[tuple[Any, ...]]:
        query, values = bind(sql, params, "sqlite")
        return await in_thread(
            lambda: self._connection.execute(query, values).fetchall(), hurry=self._connection.interrupt
        )

    async def scan(self, sql: str, take: Take, **params: Any) -> None:
        query, values = bind(sql, params, "sqlite")
        await in_thread(self._scan, query, values, take, hurry=self._connection.interrupt)

    def _scan(self, query: str, values: list[Any], take: Take) -> None:
        rows = self._connection.execute(query, values)
        while True:
            begun = time.perf_counter()
            found = rows.fetchmany(CHUNK)
            if not found:
                return
            take(found)
            del found  # else two pieces are held while the next is read
            if self._rest:
                time.sleep((time.perf_counter() - begun) * self._rest)

    async def shared_digest(self, table: Table, branch: str) -> Digest | None:
        """The digest of a branch's rows, each half by a reader in a thread of its own; None where there is one reader only."""
        if self._second is None:
            return None
        readers = enumerate((self._connection, self._second))
        halves = await asyncio.gather(
            *(
                in_thread(_half_digest, link, table, branch, half, hurry=link.interrupt)
                for half, link in readers
            ),
            return_exceptions=True,
        )
        digest = Digest()
        for found in halves:
            if isinstance(found, BaseException):
                raise found
            digest.merge(found)
        return digest


def _half_digest(link: sqlite3.Connection, table: Table, branch: str, half: int) -> Digest:
    """Of every other piece of the table; where most rows of a stretch of the file are the branch's, the whole stretch is read through. A
    row at a time, the two readers would wait for each other at each."""
    extent = f'SELECT COUNT(*), MIN(rowid), MAX(rowid) FROM "{table.name}" WHERE branch = ?'
    count, first, last = link.execute(extent, (branch,)).fetchone()
    if count and last - first < DENSE * count:
        return _stretch_digest(link, table, branch, range(first + half * LINES, last + 1, 2 * LINES))
    return _picked_digest(link, table, branch, half)


def _stretch_digest(link: sqlite3.Connection, table: Table, branch: str, starts: Iterable[int]) -> Digest:
    """Of the branch's rows among the LINES numbers of rows from each start on."""
    lines = (
        f'SELECT {table.held_sql("r", "sqlite")} AS line FROM "{table.name}" r NOT INDEXED '
        "WHERE r.rowid >= ? AND r.rowid < ? AND r.branch = ?"
    )
    digest = Digest()
    for start in starts:
        digest.add_all(_lines_at_once(link, lines, (start, start + LINES, branch)))
    return digest


def _lines_at_once(link: sqlite3.Connection, lines: str, values: Sequence[Any]) -> list[bytes]:
    """What a SELECT of one column `line` gives, as one text made without the interpreter."""
    joined = f"SELECT CAST(group_concat(line, char(10)) AS BLOB), COUNT(*) FROM ({lines})"
    text, count = link.execute(joined, values).fetchone()
    rows: list[bytes] = text.split(b"\n") if count else []
    if len(rows) != count:  # a row that no release of ours wrote, over several lines
        return [line.encode() for (line,) in link.execute(lines, values)]
    return rows


def _picked_digest(link: sqlite3.Connection, table: Table, branch: str, half: int) -> Digest:
    """Of every other 256 numbers of rows in the file, which are looked up first."""
    link.execute("CREATE TEMP TABLE IF NOT EXISTS picked (place INTEGER PRIMARY KEY, row INTEGER NOT NULL)")
    link.execute("DELETE FROM temp.picked")
    count = link.execute(
        f'INSERT INTO temp.picked (row) SELECT rowid FROM "{table.name}" WHERE branch = ? AND (rowid >> 8) & 1 = ? ORDER BY rowid',
        (branch, half),
    ).rowcount
    lines = (
        f'SELECT {table.held_sql("r", "sqlite")} AS line FROM temp.picked p CROSS JOIN "{table.name}" r ON r.rowid = p.row '
        "WHERE p.place > ? AND p.place <= ?"
    )
    digest = Digest()
    for start in range(0, count, LINES):
        digest.add_all(_lines_at_once(link, lines, (start, start + LINES)))
    return digest


def _open_readers(file: str, rest: float) -> tuple[sqlite3.Connection, sqlite3.Connection | None]:
    """A reader, and a second one that sees the same rows where that is worth it: nobody hurries at `rest`, and a writer that takes
    long is not waited for."""
    first = _reader(file)
    if rest or Path(file).stat().st_size < TWO_READERS_FROM_BYTES:
        _begin(first)
        return first, None
    second = _reader(file)
    gate = sqlite3.connect(file, timeout=WAIT_FOR_WRITER_SECONDS, isolation_level=None)
    try:
        gate.execute("BEGIN IMMEDIATE")  # nothing is committed between the two
        _begin(first)
        _begin(second)
    except sqlite3.OperationalError:
        if not first.in_transaction:
            _begin(first)
        second.close()
        return first, None
    finally:
        gate.close()
    return first, second


def _reader(file: str) -> sqlite3.Connection:
    link = sqlite3.connect(f"file:{file}?mode=ro", uri=True, isolation_level=None, check_same_thread=False)
    link.execute("PRAGMA temp_store = MEMORY")
    return link


def _begin(link: sqlite3.Connection) -> None:
    link.execute("BEGIN")
    link.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()


class PostgresView:
    """A read-only transaction at repeatable read. Rows come by COPY, which costs a third of what fetching does."""

    dialect = "postgres"

    def __init__(self, links: "_Links", rest: float) -> None:
        self._links, self._connection, self._rest = links, links.first, rest

    async def all(self, sql: str, **params: Any) -> list[tuple[Any, ...]]:
        query, values = bind(sql, params, "postgres")
        return [tuple(row) for row in await self._connection.fetch(query, *values)]

    async def scan(self, sql: str, take: Take, **params: Any) -> None:
        query, values = bind(sql, params, "postgres")
        async with _Taking(lambda text: _take_lines(text, take), self._rest) as taking:
            await self._connection.copy_from_query(query, *values, output=taking.receive)

    async def quick_digest(self, table: Table, branch: str) -> Digest:
        """The digest of a branch's rows, half as quick again: whenever it is the one that is expected, the rows are. It may differ although
        they are, where a text holds control characters that JSON writes otherwise than COPY, or a row is wider than this release."""
        pages = 0 if self._rest else (await self._links.large_tables()).get(table.name, 0)
        shares = [(self._connection, "")]
        if pages:  # each reads its half of the file and passes nothing by
            middle = f"'({pages // 2},0)'::tid"
            shares = [(self._connection, f" AND r.ctid < {middle}"), (await self._links.second(), f" AND r.ctid >= {middle}")]  # fmt: skip
        digest = Digest()
        async with asyncio.TaskGroup() as group:
            parts = [
                group.create_task(self._quick_part(link, table, branch, within)) for link, within in shares
            ]
        for part in parts:
            digest.merge(part.result())
        return digest

    async def _quick_part(self, link: Any, table: Table, branch: str, within: str) -> Digest:
        digest = Digest()
        query, values = bind(quick_query(table) + within, {"branch": branch}, "postgres")
        async with _Taking(lambda text: digest.add_all(canonical_lines(text)), self._rest) as taking:
            await link.copy_from_query(query, *values, output=taking.receive, null="null")
        return digest


class _Links:
    """Sessions of PostgreSQL that see the same rows: the second takes over what the first sees."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._ended = AsyncExitStack()
        self._large: dict[str, int] | None = None
        self._second: Any = None

    async def __aenter__(self) -> Self:
        self.first = await self._opened()
        return self

    async def __aexit__(self, *_why: object) -> None:
        await self._ended.aclose()

    async def large_tables(self) -> dict[str, int]:
        """Large tables and how many pages of the server's they have."""
        if self._large is None:
            sql = (
                "SELECT relname, pg_relation_size(oid) / current_setting('block_size')::bigint AS pages FROM pg_class "
                "WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace AND pg_relation_size(oid) >= $1"
            )
            found = await self.first.fetch(sql, TWO_READERS_FROM_BYTES)
            self._large = {row["relname"]: row["pages"] for row in found}
        return self._large

    async def second(self) -> Any:
        if self._second is None:
            shared = await self.first.fetchval("SELECT pg_export_snapshot()")
            self._second = await self._opened(f"SET TRANSACTION SNAPSHOT '{shared}'")
        return self._second

    async def _opened(self, first_of_all: str = "") -> Any:
        import asyncpg

        client = self._client
        link = await asyncpg.connect(
            host=client.host, port=client.port, user=client.user, password=client.password, database=client.database,
            server_settings={"timezone": "UTC", "application_name": "trunkline-proof"},
        )  # fmt: skip
        self._ended.push_async_callback(link.close)
        await self._ended.enter_async_context(link.transaction(isolation="repeatable_read", readonly=True))
        if first_of_all:
            await link.execute(first_of_all)
        return link


class _Taking:
    """Hands over what COPY sends, a piece at a time in a thread, while the next piece arrives: server and hashing work
    side by side. At most two pieces are held."""

    def __init__(self, take: Callable[[bytes], None], rest: float) -> None:
        self._take, self._rest = take, rest
        self._waiting: list[bytes] = []
        self._size = 0
        self._last: asyncio.Task[None] | None = None

    async def receive(self, chunk: bytes) -> None:
        """Some bytes of COPY, cut anywhere."""
        self._waiting.append(chunk)
        self._size += len(chunk)
        if self._size >= PIECE_BYTES:
            await self._hand_over()
        elif len(chunk) < SMALL_BYTES and (self._last is not None or self._size >= SMALL_BYTES):
            await asyncio.sleep(GATHER_SECONDS)

    async def _hand_over(self) -> None:
        text, _, rest = b"".join(self._waiting).rpartition(b"\n")
        self._waiting = [rest]
        self._size = len(rest)
        await self._taken()
        self._last = asyncio.create_task(self._take_and_rest(text)) if text else None

    async def _take_and_rest(self, text: bytes) -> None:
        begun = time.perf_counter()
        await asyncio.to_thread(self._take, text)
        if self._rest:
            await asyncio.sleep((time.perf_counter() - begun) * self._rest)

    async def _taken(self) -> None:
        if self._last is not None:
            await self._last

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        if kind is None:
            await self._hand_over()
        await self._taken()


def _take_lines(text: bytes, take: Take) -> None:
    """COPY doubles backslashes; JSON has no other character that it would touch."""
    pairs = (line.partition(b"\t") for line in text.split(b"\n"))
    take([(key, row.replace(b"\\\\", b"\\") if b"\\" in row else row) for key, _tab, row in pairs])


_QUOTES = bytes.maketrans(QUOTE.encode(), b'"')


def canonical_lines(text: bytes) -> list[bytes]:
    """The canonical rows of what COPY gave of `Table.copied_sql`: what it writes with a backslash, JSON writes the same, but for the
    quotation mark. Anything else that JSON escapes stays as no canonical row has it, so that two different rows never read the same."""
    if b'"' in text:
        text = text.replace(b'"', b'\\"')
    return text.translate(_QUOTES, b"\t").split(b"\n")


@asynccontextmanager
async def view_of(rest: float = 0.0) -> AsyncIterator[View]:
    """A consistent view of the current database over a connection of its own, closed at the end of the block."""
    client: Any = connection()
    if engine() == "sqlite":
        first, second = await asyncio.to_thread(_open_readers, client.filename, rest)
        try:
            yield SqliteView(first, rest, second)
        finally:
            first.close()
            if second is not None:
                second.close()
        return
    async with _Links(client) as links:
        yield PostgresView(links, rest)


def _key(row: str, kind: str, dialect: str) -> str:
    """The first column of a scan: nothing, the bucket (digits of the id's random end), or the id."""
    text = f"{row}.id" if dialect == "sqlite" else f"{row}.id::text"
    if kind == "":
        return "''"
    shown = text if kind == "id" else f"substr({text}, {37 - int(kind)})"
    return f"CAST({shown} AS BLOB)" if dialect == "sqlite" else shown


def bucket_of(row_id: str, digits: int) -> str:
    """The bucket of a row: the last digits of its id, which are random."""
    return row_id[-digits:]


def digits_for(rows: int) -> int:
    """How many digits of the id make buckets of a bearable size: 256 buckets, 4,096 for many rows."""
    few, many = WHOLE_BUCKET_DIGITS
    return many if rows > MANY_ROWS else few


def scan_query(table: Table, dialect: str, key: str = "", buckets: Sequence[str] | None = None) -> str:
    """SELECT key, canonical row of the branch `:branch`; `key` is "" (none), "id", or a number of bucket digits.

    With `buckets` only the rows whose bucket is in `:buckets`. On SQLite in the order in which they lie in the file: over an
    index on the branch a million rows took ten times as long.
    """
    within = ""
    if buckets is not None:
        text = "r.id" if dialect == "sqlite" else "r.id::text"
        within = f" AND substr({text}, {37 - len(buckets[0])}) IN :buckets"
    return (
        f'SELECT {_key("r", key, dialect)} AS key, {table.scan_sql("r", dialect)} AS row FROM "{table.name}" r '
        f"WHERE {_of_branch(table, dialect)}{within}"
    )


def _of_branch(table: Table, dialect: str) -> str:
    if dialect == "sqlite":
        return f'r.rowid IN (SELECT rowid FROM "{table.name}" WHERE branch = :branch)'
    return "r.branch = :branch"


def quick_query(table: Table) -> str:
    """The rows of a branch `:branch` that are no wider than this release, for `canonical_lines`."""
    return f'SELECT {table.copied_sql("r")} FROM "{table.name}" r WHERE r.branch = :branch AND r.ext IS NULL'


async def table_digest(view: View, table: Table, branch: str, expected: str = "") -> Digest:
    """The digest of a branch's rows of one table, recomputed from the rows; sooner where it is the `expected` one."""
    if expected and isinstance(view, PostgresView):
        quick = await view.quick_digest(table, branch)
        if quick == Digest.parse(expected):
            return quick
    if isinstance(view, SqliteView) and (whole := await view.shared_digest(table, branch)):
        return whole
    digest = Digest()

    def take(rows: Sequence[tuple[bytes, bytes]]) -> None:
        digest.add_all([row for _key, row in rows])

    await view.scan(scan_query(table, view.dialect), take, branch=branch)
    return digest


class Rows:
    """The rows of one table of a branch in a view, some of them replaced: `instead` maps an id to the row it had at the
    position that is spoken of, None where it did not exist."""

    def __init__(self, view: View, table: Table, branch: str, instead: Mapping[str, bytes | None] | None = None) -> None:  # fmt: skip
        self._view, self._table, self._branch = view, table, branch
        self._instead = dict(instead or {})

    async def digests(self, digits: int) -> dict[str, Digest]:
        """The digest of each bucket that holds rows."""
        found: dict[bytes, list[bytes]] = {}
        made: dict[str, Digest] = {}
        hidden = {row_id.encode() for row_id in self._instead}

        def fold() -> None:
            for bucket, rows in found.items():
                made.setdefault(bucket.decode(), Digest()).add_all(rows)
            found.clear()

        def take(rows: Sequence[tuple[bytes, bytes]]) -> None:
            for row_id, row in rows:
                if row_id not in hidden:
                    found.setdefault(row_id[-digits:], []).append(row)
            fold()

        await self._view.scan(scan_query(self._table, self._view.dialect, "id"), take, branch=self._branch)
        for row_id, row in self._instead.items():
            if row is not None:
                made.setdefault(bucket_of(row_id, digits), Digest()).add(row)
        return {bucket: digest for bucket, digest in made.items() if digest.count}

    async def of_buckets(self, buckets: Sequence[str]) -> dict[str, bytes]:
        """The canonical rows of some buckets by id."""
        found: dict[str, bytes] = {}

        def take(rows: Sequence[tuple[bytes, bytes]]) -> None:
            found.update((row_id.decode(), row) for row_id, row in rows)

        if buckets:
            query = scan_query(self._table, self._view.dialect, "id", buckets)
            await self._view.scan(query, take, branch=self._branch, buckets=list(buckets))
        return self._at_position(found, set(buckets))

    def _at_position(self, found: dict[str, bytes], buckets: set[str]) -> dict[str, bytes]:
        digits = len(next(iter(buckets), ""))
        for row_id, row in self._instead.items():
            found.pop(row_id, None)
            if row is not None and bucket_of(row_id, digits) in buckets:
                found[row_id] = row
        return found
