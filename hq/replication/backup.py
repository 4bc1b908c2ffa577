"""`python -m hq backup`: a copy of headquarters' database, read back and proved, and its positions published.

A branch forgets changes only up to what the last verified backup holds (PROTOCOL.md, Pruning): a headquarters restored
from it finds everything after it at the branches. SQLite is copied by its backup API while the site runs; PostgreSQL is
dumped by pg_dump and restored into a database of its own for the proof, which is dropped afterwards.
"""

import asyncio
import hashlib
import os
import shutil
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from secrets import token_hex
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from hq.replication.models import BranchCursor, HqBackup
from hq.replication.scrub import compare
from shared import clock
from shared.database import Database, DatabaseApp, execute, fetch_value, open_database, transaction
from shared.database.context import connection_config, session_parameters
from shared.errors import Refused
from shared.i18n import N_
from shared.replication.change import Digest


class BackupFailed(Refused):
    """The copy could not be made, or is not what it should be; the earlier backups hold."""

    code = "backup.failed"


async def make_backup(url: str, apps: Sequence[DatabaseApp], folder: Path) -> HqBackup:
    """Copy, prove, publish; the backup's row. Inside headquarters' database; it may run beside the site.

    Raises BackupFailed; an unproved copy is left with the ending .part.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    made_at = clock.now()
    ending = "db" if url.startswith("sqlite:") else "dump"
    path = folder / f"hq-{made_at:%Y%m%d-%H%M%S-%f}.{ending}"
    draft = path.with_name(path.name + ".part")
    await asyncio.to_thread(copy_sqlite if ending == "db" else dump_postgres, url, draft)
    async with opened_copy(url, apps, draft):
        positions = await proved_positions()
    digest, size = await asyncio.to_thread(_settled, draft)
    draft.rename(path)
    async with transaction():
        for branch, (epoch, seq) in positions.items():
            await execute(
                "UPDATE branch_cursor SET safe_epoch = :epoch, safe_seq = :seq WHERE branch = :branch",
                epoch=epoch,
                seq=seq,
                branch=branch,
            )
        return await HqBackup.create(
            path=str(path),
            byte_count=size,
            sha256=digest,
            made_at=made_at,
            verified_at=clock.now(),
            positions={branch: list(position) for branch, position in positions.items()},
        )


async def proved_positions() -> dict[str, tuple[str, int]]:
    """Where each branch stands in the present database, after its rows were proved to be those of that position."""
    if await fetch_value("SELECT 1 AS one FROM branch_cursor LIMIT 1") is None:
        return {}
    positions: dict[str, tuple[str, int]] = {}
    for cursor in await BranchCursor.all():
        for name, found in (await compare(cursor.branch)).found.items():
            if found != Digest.parse(cursor.digests.get(name, "")):
                raise BackupFailed(
                    N_("The backup is not equal to the position of %(branch)s: table %(table)s differs. Run verify."),
                    branch=cursor.branch,
                    table=name,
                )  # fmt: skip
        positions[cursor.branch] = (cursor.epoch, cursor.seq)
    return positions


def copy_sqlite(url: str, target: Path) -> None:
    """A consistent copy by SQLite's backup API, checked page by page."""
    source = sqlite3.connect(f"file:{connection_config(url)['credentials']['file_path']}?mode=ro", uri=True)
    copy = sqlite3.connect(target)
    try:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
        found = copy.execute("PRAGMA integrity_check").fetchone()[0]
    finally:
        copy.close()
        source.close()
    if found != "ok":
        raise BackupFailed(N_("The copy is damaged: %(found)s"), found=found)


def dump_postgres(url: str, target: Path) -> None:
    """A dump in PostgreSQL's own format."""
    _postgres(url, "pg_dump", "--format=custom", "--no-owner", f"--file={target}")


@asynccontextmanager
async def opened_copy(url: str, apps: Sequence[DatabaseApp], copy: Path) -> AsyncIterator[Database]:
    """The copy as a database of its own, current for the block."""
    if url.startswith("sqlite:"):
        async with open_database(f"sqlite:///{copy}", apps) as opened:
            yield opened
        for ending in ("-wal", "-shm"):
            copy.with_name(copy.name + ending).unlink(missing_ok=True)
        return
    name = f"trunkline_verify_{token_hex(6)}"
    await _command(url, f'CREATE DATABASE "{name}"')
    scratch = urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    try:
        await asyncio.to_thread(
            _postgres, scratch, "pg_restore", "--no-owner", "--exit-on-error", f"--dbname={name}", str(copy)
        )
        async with open_database(scratch, apps) as opened:
            yield opened
    finally:
        await _command(url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


async def _command(url: str, sql: str) -> None:
    link = await asyncpg.connect(**session_parameters(url))
    try:
        await link.execute(sql)
    finally:
        await link.close()


def _postgres(url: str, program: str, *words: str) -> None:
    """A client program of PostgreSQL with this url's server and database. Raises BackupFailed."""
    if shutil.which(program) is None:
        raise BackupFailed(N_("%(program)s is not installed. Install PostgreSQL's client programs."), program=program)  # fmt: skip
    given = connection_config(url)["credentials"]
    known = {
        "PGHOST": given["host"],
        "PGPORT": str(given["port"]),
        "PGUSER": given["user"],
        "PGPASSWORD": given["password"] or "",
        "PGDATABASE": given["database"],
    }
    done = subprocess.run([program, *words], env={**os.environ, **known}, capture_output=True, text=True, check=False)  # fmt: skip
    if done.returncode:
        raise BackupFailed(N_("%(program)s failed: %(reason)s"), program=program, reason=done.stderr[-400:])


def _settled(path: Path) -> tuple[str, int]:
    """SHA-256 and size of a file that is on the disk for good."""
    path.chmod(0o600)
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        os.fsync(stream.fileno())
    return digest, path.stat().st_size
