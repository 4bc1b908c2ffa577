"""A PostgreSQL server of a parallel run's own, where the machine has the server's programs: in memory, without waiting for a disk and
without the housekeeping that goes around hundreds of short-lived databases. Half of `make test` asks PostgreSQL something.

`TEST_DATABASE_URL` names another server, and then none is started. What a crash of a server leaves is tested on servers with
PostgreSQL's own defaults (tests/support/postgres_cluster.py).
"""

import asyncio
import os
from contextlib import ExitStack

import asyncpg

from tests.support.postgres_cluster import find_binaries, own_cluster

NAMED = "TEST_DATABASE_URL"
HASTY = (
    "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c autovacuum=off -c max_connections=200 "
    "-c wal_level=minimal -c max_wal_senders=0"
)

_started = ExitStack()


def start() -> None:
    """For the processes of this run that are started from now on."""
    if NAMED in os.environ or find_binaries() is None:
        return
    made = _started.enter_context(own_cluster(HASTY))
    asyncio.run(_make_database(f"{made.url}postgres"))
    os.environ[NAMED] = f"{made.url}test"


def stop() -> None:
    """End it with everything in it."""
    _started.close()


async def _make_database(url: str) -> None:
    link = await asyncpg.connect(url)
    try:
        await link.execute("CREATE DATABASE test")
    finally:
        await link.close()
