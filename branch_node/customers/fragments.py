"""Finds the customers whose search key holds a fragment without walking every key, by an index of three letters each.

SQLite: a full-text table of trigrams without content, kept by triggers in the transaction of the customer; it says which rows may hold
the fragment, and the key itself is compared as before. PostgreSQL: pg_trgm, where the server has it. Fragments of one or two
letters, as Chinese names have, walk the keys: 15 ms of 100,000.
"""

import sqlite3
from collections.abc import Sequence
from functools import cache

from tortoise.exceptions import OperationalError

from shared import log
from shared.database import engine, execute, fetch_value, transaction

events = log.get_logger()

LENGTH = 3
TABLE = "CREATE VIRTUAL TABLE customer_fragments USING fts5(search_key, content='', tokenize='trigram', detail=none, columnsize=0)"
FORGET = "INSERT INTO customer_fragments (customer_fragments, rowid, search_key) VALUES ('delete', old.rowid, old.search_key)"
NOTE = "INSERT INTO customer_fragments (rowid, search_key) VALUES (new.rowid, new.search_key)"
TRIGGERS = {
    "customer_fragments_new": f"AFTER INSERT ON customer BEGIN {NOTE}; END",
    "customer_fragments_changed": "AFTER UPDATE OF search_key ON customer WHEN old.search_key <> new.search_key "
    f"BEGIN {FORGET}; {NOTE}; END",
    "customer_fragments_gone": f"AFTER DELETE ON customer BEGIN {FORGET}; END",
}
POSTGRES_INDEX = (
    "CREATE INDEX IF NOT EXISTS customer_fragments ON customer USING gin (search_key gin_trgm_ops)"
)


@cache
def has_trigrams() -> bool:
    """Whether the SQLite of this process can index three letters each (3.34 and later, with FTS5)."""
    memory = sqlite3.connect(":memory:")
    try:
        memory.execute(TABLE)
    except sqlite3.OperationalError:
        return False
    finally:
        memory.close()
    return True


async def index_fragments() -> None:
    """Make the index, on SQLite from the keys as they are. Where the engine cannot, the search only takes longer."""
    if engine() == "postgres":
        await _index_on_postgres()
    elif has_trigrams():
        async with transaction():
            await _index_on_sqlite()


async def _index_on_sqlite() -> None:
    """Anew each time: rows of a file that was put back or compacted may have other numbers. A second per 300,000 customers."""
    for name in TRIGGERS:
        await execute(f"DROP TRIGGER IF EXISTS {name}")
    await execute("DROP TABLE IF EXISTS customer_fragments")
    await execute(TABLE)
    await execute("INSERT INTO customer_fragments (rowid, search_key) SELECT rowid, search_key FROM customer")
    for name, sql in TRIGGERS.items():
        await execute(f"CREATE TRIGGER {name} {sql}")


async def is_indexed() -> bool:
    """Whether the index is there, where the engine can have it; a database that an older release migrated lacks it."""
    if engine() == "postgres" or not has_trigrams():
        return True
    return bool(await fetch_value("SELECT 1 AS one FROM sqlite_master WHERE name = 'customer_fragments'"))


async def _index_on_postgres() -> None:
    if not await fetch_value("SELECT 1 AS one FROM pg_available_extensions WHERE name = 'pg_trgm'"):
        return
    try:
        await execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except OperationalError as refused:
        events.warning("search index left out", reason=str(refused))
        return
    await execute(POSTGRES_INDEX)


def trigrams(words: Sequence[str]) -> str:
    """What to MATCH for rows that may hold all the words; empty when no word is long enough."""
    found = [word[place : place + LENGTH] for word in words for place in range(len(word) - LENGTH + 1)]
    quoted = ['"{}"'.format(one.replace('"', '""')) for one in dict.fromkeys(found) if one.isprintable()]
    return " AND ".join(quoted)


def holders(words: Sequence[str]) -> tuple[str, str]:
    """Where to look for customers (as `k`) whose key may hold the words: the source after FROM, and what to bind as
    `:trigrams` in it, empty when the source does not ask for it."""
    match = trigrams(words) if engine() == "sqlite" and has_trigrams() else ""
    if not match:
        return "customer k WHERE", ""
    return (
        "customer_fragments f CROSS JOIN customer k ON k.rowid = f.rowid WHERE customer_fragments MATCH :trigrams AND",
        match,
    )
