"""A full disk is recognised whoever says it: the system, SQLite or the PostgreSQL server, also below other errors."""

import errno
import sqlite3

import asyncpg
import pytest
from tortoise.exceptions import OperationalError

from shared.database.room import is_disk_full

FULL = sqlite3.OperationalError("database or disk is full")


def caused(inner: BaseException) -> Exception:
    """Another error that was raised while handling `inner`."""
    try:
        raise RuntimeError("the page failed") from inner
    except RuntimeError as error:
        return error


@pytest.mark.parametrize(
    ("error", "is_full"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (OperationalError(FULL), True),
        (asyncpg.DiskFullError("could not extend file"), True),
        (caused(OperationalError(FULL)), True),
        (OSError(errno.EACCES, "Permission denied"), False),
        (OperationalError(sqlite3.OperationalError("database is locked")), False),
        (None, False),
    ],
)
def test_a_full_disk_is_told_from_other_failures(error: BaseException | None, is_full: bool) -> None:
    assert is_disk_full(error) is is_full
