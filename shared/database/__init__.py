"""The database of a site: one Tortoise context over SQLite or PostgreSQL, and set-based SQL beside it.

Sites, jobs and tests call `open_database` once; handlers and actions use `transaction`, the ORM and
the `fetch_*` functions. Everything here works the same on both engines.
"""

from shared.database.access import (
    actor,
    as_actor,
    count_queries,
    engine,
    execute,
    execute_many,
    execute_together,
    fetch_all,
    fetch_one,
    fetch_rows,
    fetch_value,
    queries_made,
    refresh_statistics,
    transaction,
)
from shared.database.context import Database, DatabaseApp, open_database
from shared.database.lean_models import make_lean
from shared.database.records import find, find_all, find_with

__all__ = [
    "Database",
    "DatabaseApp",
    "actor",
    "as_actor",
    "count_queries",
    "engine",
    "execute",
    "execute_many",
    "execute_together",
    "fetch_all",
    "fetch_one",
    "fetch_rows",
    "fetch_value",
    "find",
    "find_all",
    "find_with",
    "open_database",
    "queries_made",
    "refresh_statistics",
    "transaction",
]

make_lean()
