"""One process per SQLite file: whoever serves or migrates it holds a lock on a file beside it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.database.context import sqlite_path


class AlreadyRunning(Exception):
    """Another process holds the database; the message says which."""


@contextmanager
def only_process(database_url: str, what: str) -> Iterator[None]:
    """Hold the SQLite file for the block; AlreadyRunning at once when somebody else does.

    The kernel frees the lock with the process, however it ends. PostgreSQL needs no lock: it has many writers.
    """
    if not database_url.startswith("sqlite:"):
        yield
        return
    path = sqlite_path(database_url)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = open(Path(f"{path}.lock"), "a+")  # noqa: SIM115
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            handle.seek(0)
            holder = handle.read().strip() or "another process"
            raise AlreadyRunning(
                f"{path} is in use by {holder}. A SQLite file has one process: stop that one first, "
                "or set TRUNKLINE_DATABASE_URL to a PostgreSQL database to run several."
            ) from None
        handle.truncate(0)
        handle.write(f"{what} (process {os.getpid()})")
        handle.flush()
        yield
    finally:
        handle.close()
