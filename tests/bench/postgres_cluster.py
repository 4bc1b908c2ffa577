"""A PostgreSQL cluster of the bench's own, with logical replication on, on a free port, gone afterwards."""

import glob
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def find_binaries() -> Path | None:
    """The folder of PostgreSQL's server programs, or None when this machine has none."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"))
    return Path(found[-1]).parent if found else None


def _as_owner() -> dict[str, int]:
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam("postgres")
    return {"user": entry.pw_uid, "group": entry.pw_gid}


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def cluster() -> Iterator[str]:
    """The base URL `postgres://postgres@127.0.0.1:PORT/`; default durability settings, wal_level logical."""
    binaries = find_binaries()
    if binaries is None:
        raise RuntimeError("no PostgreSQL server programs on this machine")
    owner = _as_owner()
    folder = tempfile.mkdtemp(prefix="trunkline-bench-pg-")
    if owner:
        os.chown(folder, owner["user"], owner["group"])
    data = f"{folder}/data"
    port = free_port()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
    subprocess.run(
        [binaries / "initdb", "-D", data, "-A", "trust", "-U", "postgres"], check=True, **owner, **quiet
    )  # type: ignore[call-overload]
    options = (
        f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c wal_level=logical "
        "-c max_replication_slots=8 -c max_wal_senders=8 -c shared_buffers=256MB -c max_wal_size=4GB"
    )
    subprocess.run(
        [binaries / "pg_ctl", "-D", data, "-w", "-l", f"{folder}/log", "-o", options, "start"],
        check=True, **owner, **quiet,  # type: ignore[call-overload]
    )  # fmt: skip
    try:
        yield f"postgres://postgres@127.0.0.1:{port}/"
    finally:
        subprocess.run(
            [binaries / "pg_ctl", "-D", data, "-m", "immediate", "stop"],
            check=False, **owner, **quiet,  # type: ignore[call-overload]
        )  # fmt: skip
        shutil.rmtree(folder, ignore_errors=True)
