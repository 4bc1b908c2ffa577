"""The telemetry store: a database of its own with one connection that writes and one that reads.

With SQLite it is `telemetry.db` beside the center's records, with PostgreSQL the same database under table names of its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from netops.center.models import CENTER_APP
from netops.center.telemetry.schema import make_tables
from shared.database import Database, execute, fetch_value
from shared.database.context import connect


@dataclass(frozen=True, slots=True)
class Telemetry:
    """The open store. Functions of this package run inside `writing()` or `reading()`."""

    writer: Database
    reader: Database

    def writing(self) -> AbstractContextManager[object]:
        """The connection of the one writer; nothing slow may run here."""
        return self.writer.use()

    def reading(self) -> AbstractContextManager[object]:
        """A connection that never holds up the writer."""
        return self.reader.use()

    async def size_bytes(self) -> int:
        """What the store takes on the disk."""
        with self.reading():
            if self.reader.path is not None:
                pages, size = await fetch_value("PRAGMA page_count"), await fetch_value("PRAGMA page_size")
                free = await fetch_value("PRAGMA freelist_count")
                return int((pages - free) * size)
            return int(
                await fetch_value(
                    "SELECT coalesce(sum(pg_total_relation_size(oid)), 0) AS size FROM pg_class"
                    " WHERE relname LIKE 'telemetry!_%' ESCAPE '!' AND relkind = 'r'"
                )
            )


def telemetry_url(data_dir: Path, database_url: str) -> str:
    """Where the store is, for these settings."""
    if database_url.startswith("postgres"):
        return database_url
    return f"sqlite:///{quote(str((data_dir / 'telemetry.db').absolute()))}"


@asynccontextmanager
async def open_telemetry(url: str) -> AsyncIterator[Telemetry]:
    """Open the store and make its tables; closed at the end of the block. Its statements are SQL; the app is there because
    a context must have one."""
    writer = await connect(url, [CENTER_APP])
    try:
        with writer.use():
            if writer.path is not None:
                await execute("PRAGMA auto_vacuum = INCREMENTAL")
            await make_tables()
        reader = await connect(url, [CENTER_APP])
        try:
            yield Telemetry(writer, reader)
        finally:
            await reader.close()
    finally:
        await writer.close()
