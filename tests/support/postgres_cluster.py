"""A PostgreSQL cluster of one's own, with logical replication on, on a free port, gone afterwards: for benches, tests of crashes and a run of tests."""

import glob
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.support.ports import free_port


def find_binaries() -> Path | None:
    """The folder of PostgreSQL's server programs, or None when this machine has none."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"))
    return Path(found[-1]).parent if found else None


def _as_owner() -> dict[str, int]:
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam("postgres")
    return {"user": entry.pw_uid, "group": entry.pw_gid}


@dataclass
class Cluster:
    """A cluster of one's own: default durability settings, wal_level logical."""

    binaries: Path
    folder: str
    port: int
    owner: dict[str, int]
    options: str = ""

    @property
    def url(self) -> str:
        """`postgres://postgres@127.0.0.1:PORT/`, to which the name of a database is added."""
        return f"postgres://postgres@127.0.0.1:{self.port}/"

    def through_socket(self, name: str) -> str:
        """A database through the server's socket, as a site on the server's own machine asks it."""
        return f"postgres://postgres@:{self.port}/{name}?host={self.folder}"

    @property
    def data(self) -> str:
        return f"{self.folder}/data"

    def run(self, program: str, *arguments: str, check: bool = True) -> None:
        """One of PostgreSQL's programs, quietly, as the owner of the files."""
        subprocess.run(
            [self.binaries / program, "-D", self.data, *arguments],
            check=check, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **self.owner,
        )  # type: ignore[call-overload]  # fmt: skip

    def start(self) -> None:
        """Start it and wait until it answers, after a crash, too. `options` win over those of a bench."""
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} -c wal_level=logical "
            f"-c max_replication_slots=8 -c max_wal_senders=8 -c shared_buffers=256MB -c max_wal_size=4GB {self.options}"
        )
        self.run("pg_ctl", "-w", "-l", f"{self.folder}/log", "-o", options, "start")

    def kill(self) -> None:
        """SIGKILL for the server and every process of it: what it had not written to its files is gone."""
        server = int(Path(self.data, "postmaster.pid").read_text().split()[0])
        parts = psutil.Process(server).children(recursive=True)
        os.kill(server, signal.SIGKILL)
        for part in parts:
            with suppress(psutil.NoSuchProcess):
                part.kill()
        psutil.wait_procs(parts, timeout=30)


@contextmanager
def own_cluster(options: str = "") -> Iterator[Cluster]:
    """A started cluster on a free port, gone afterwards; `options` are those of the server's command line."""
    binaries = find_binaries()
    if binaries is None:
        raise RuntimeError("no PostgreSQL server programs on this machine")
    owner = _as_owner()
    folder = tempfile.mkdtemp(prefix="trunkline-pg-")
    if owner:
        os.chown(folder, owner["user"], owner["group"])
    made = Cluster(binaries, folder, free_port(), owner, options)
    made.run("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8")
    made.start()
    try:
        yield made
    finally:
        made.run("pg_ctl", "-m", "immediate", "stop", check=False)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def cluster() -> Iterator[str]:
    """The base URL of such a cluster."""
    with own_cluster() as made:
        yield made.url
