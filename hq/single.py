"""One process per SQLite file: what headquarters' web process, worker and migration hold while they run."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from shared.database.context import sqlite_path


class AlreadyRunning(Exception):
    """Another process of this site has the database."""


@contextmanager
def only_process(database_url: str) -> Iterator[None]:
    """Hold the lock file beside a SQLite database for the length of the block; nothing to do for PostgreSQL.

    Raises AlreadyRunning at once when another process holds it; the system frees it when a process dies.
    """
    if not database_url.startswith("sqlite:"):
        yield
        return
    path = sqlite_path(database_url)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(path.suffix + ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise AlreadyRunning(
                f"Another process of headquarters works on {path.name}. Stop it first, or use PostgreSQL."
            ) from None
        yield
