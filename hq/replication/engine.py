"""Chooses the applier that fits headquarters' database."""

from hq.replication.apply_postgres import PostgresApplier
from hq.replication.apply_sqlite import SqliteApplier
from shared.database import Database
from shared.database.context import connection_config


def applier_for(database: Database) -> SqliteApplier | PostgresApplier:
    """The applier of an open, migrated database; `start()` it before use and `stop()` it at the end."""
    if database.path is not None:
        return SqliteApplier(database.path)
    credentials = connection_config(database.url)["credentials"]
    parameters = {
        name: credentials[name]
        for name in ("host", "port", "user", "password", "database", "server_settings")
    }
    return PostgresApplier(parameters)
