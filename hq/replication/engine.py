"""Chooses the applier that fits headquarters' database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from hq.replication.apply_postgres import PostgresApplier
from hq.replication.apply_sqlite import SqliteApplier
from shared.database import Database, engine
from shared.database.access import connection
from shared.database.context import connection_config, sqlite_path


def applier_for(database: Database) -> SqliteApplier | PostgresApplier:
    """The applier of an open, migrated database; `start()` it before use and `stop()` it at the end."""
    return applier_of(database.url)


def applier_of(url: str) -> SqliteApplier | PostgresApplier:
    """The same by the address of the database."""
    if url.startswith("sqlite:"):
        return SqliteApplier(sqlite_path(url))
    credentials = connection_config(url)["credentials"]
    parameters = {
        name: credentials[name]
        for name in ("host", "port", "user", "password", "database", "server_settings")
    }
    return PostgresApplier(parameters)


@asynccontextmanager
async def applier_here() -> AsyncIterator[SqliteApplier | PostgresApplier]:
    """An applier of its own over the current database, for the length of the block; it may run beside the site's."""
    client: Any = connection()
    applier: SqliteApplier | PostgresApplier
    if engine() == "sqlite":
        applier = SqliteApplier(Path(client.filename))
    else:
        applier = PostgresApplier(
            {name: getattr(client, name) for name in ("host", "port", "user", "password", "database")},
            connections=1,
        )
    await applier.start()
    try:
        yield applier
    finally:
        await applier.stop()
