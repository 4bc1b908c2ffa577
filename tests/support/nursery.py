"""Processes that start without importing everything anew: each is forked from one that has imported a site's code.

    process = start("branch_node", ["branch_node", "web"], cwd=ROOT, env=env, output=log)     # much like subprocess.Popen
    done = run("hq", ["hq", "verify", "--json"], cwd=ROOT, env=env)                           # much like subprocess.run

What runs is `python -m` of the given words, to the end of the interpreter: a process of its own with its own environment,
folder, session, files and signals, which can be killed like any other. Only its imports were done before, in a process
that this one keeps for each site, and that ends with it. Imports take a second of processor, and a run of all tests starts
hundreds of processes. The tests of the command lines, the agent's and the demo's start `python -m` itself.
"""

import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import IO, Any

PROJECT = Path(__file__).resolve().parents[2]
SHARED = (
    "uvicorn.lifespan.on",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.httptools_impl",
    "shared.web.serving",
    "asyncpg",
)
SITES = {
    "branch_node": (
        "branch_node.app",
        "branch_node.setup",
        "branch_node.replication.command",
        "branch_node.seed",
    ),
    "hq": ("hq.app", "hq.setup", "hq.commands", "hq.replication.command", "hq.seeding"),
    "netops": ("netops.center.app", "netops.center.setup", "netops.center.__main__"),
}
"""Site -> what is imported before; what else a command needs it imports itself."""


# --- in the test's process -----------------------------------------------------------------------------------------------


class Forked:
    """A running process; the part of subprocess.Popen that tests use."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._said = line.makefile("rb")
        self.pid = int(self._said.readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code, negative after a signal; None while it runs."""
        if self.returncode is None and select.select([self._line], [], [], 0)[0]:
            self._ended()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code once it has ended; TimeoutExpired."""
        if self.returncode is None and not select.select([self._line], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        return self._ended() if self.returncode is None else self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def _ended(self) -> int:
        self.returncode = int(self._said.readline() or -signal.SIGKILL)
        self._said.close()
        self._line.close()
        return self.returncode


class Nursery:
    """The process that has imported one site's code and forks."""

    def __init__(self, site: str) -> None:
        self._control, theirs = socket.socketpair()
        env = {name: text for name, text in os.environ.items() if not name.startswith("TRUNKLINE_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.nursery", site, str(theirs.fileno())], cwd=PROJECT, env=env,
            stdin=subprocess.DEVNULL, pass_fds=(theirs.fileno(),), start_new_session=True,
        )  # fmt: skip
        theirs.close()

    def start(
        self, words: Sequence[str], cwd: Path, env: Mapping[str, str], files: Sequence[IO[Any]]
    ) -> Forked:
        """`python -m words` with these as standard input, output and error."""
        ours, theirs = socket.socketpair()
        asked = {"words": list(words), "cwd": str(cwd), "env": dict(env)}
        with theirs:
            numbers = [theirs.fileno(), *(file.fileno() for file in files)]
            socket.send_fds(self._control, [b"+"], numbers)
            ours.sendall(json.dumps(asked).encode() + b"\n")
        return Forked(ours)

    def end(self) -> None:
        """It ends with what still runs of it."""
        self._control.close()
        self._process.wait(10)


_nurseries: dict[str, Nursery] = {}
_one_at_a_time = threading.Lock()


def nursery(site: str) -> Nursery:
    """This process's nursery of a site, from the first call on."""
    with _one_at_a_time:
        if site not in _nurseries:
            _nurseries[site] = Nursery(site)
        return _nurseries[site]


def start(site: str, words: Sequence[str], *, cwd: Path, env: Mapping[str, str], output: IO[Any]) -> Forked:
    """A process of a site that writes into a file."""
    with open(os.devnull, "rb") as nothing:
        return nursery(site).start(words, cwd, env, (nothing, output, output))


def run(
    site: str,
    words: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    typed: str = "",
    seconds: float = 120,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; its exit code and what it wrote. TimeoutExpired, after it was killed."""
    with tempfile.TemporaryFile("w+") as given, tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:  # fmt: skip
        given.write(typed)
        given.seek(0)
        process = nursery(site).start(words, cwd, env, (given, out, err))
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(list(words), code, out.read(), err.read())


def end_all() -> None:
    """End the nurseries of this process."""
    for one in _nurseries.values():
        one.end()
    _nurseries.clear()


# --- in the nursery ------------------------------------------------------------------------------------------------------


@dataclass
class Parent:
    """Forks on request over `control` until that is closed; tells each asker the pid and later the exit code."""

    control: socket.socket
    running: dict[int, socket.socket] = field(default_factory=dict)

    def serve(self) -> dict[str, Any] | None:
        """None at the end; in a forked process: what it was asked to run."""
        bell, ringer = socket.socketpair()
        bell.setblocking(False)
        ringer.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(ringer.fileno())
        while True:
            ready, _, _ = select.select([self.control, bell], [], [])
            if bell in ready:
                bell.recv(4096)
                self._tell_what_ended()
            if self.control in ready:
                mark, numbers, _, _ = socket.recv_fds(self.control, 1, 4)
                if not mark:
                    self._end_what_runs()
                    return None
                if (asked := self._fork(numbers)) is not None:
                    signal.set_wakeup_fd(-1)
                    bell.close()
                    ringer.close()
                    return asked

    def _fork(self, numbers: Sequence[int]) -> dict[str, Any] | None:
        """In the new process what it was asked to run, else None."""
        line, *files = numbers
        asker = socket.socket(fileno=line)
        with asker.makefile("rb") as said:
            asked: dict[str, Any] = json.loads(said.readline())
        pid = os.fork()
        if not pid:
            self._become(asker, files)
            return asked
        for number in files:
            os.close(number)
        self.running[pid] = asker
        asker.sendall(b"%d\n" % pid)
        return None

    def _become(self, asker: socket.socket, files: Sequence[int]) -> None:
        """The forked process: a session of its own, its files, nothing of the nursery's."""
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        for held in (self.control, asker, *self.running.values()):
            held.close()
        for place, number in enumerate(files):
            os.dup2(number, place)
            os.close(number)

    def _tell_what_ended(self) -> None:
        while self.running:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            with self.running.pop(pid) as asker, suppress(OSError):
                asker.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))

    def _end_what_runs(self) -> None:
        for pid in self.running:
            os.kill(pid, signal.SIGKILL)


def main() -> None:
    """python -m tests.support.nursery SITE FILE_NUMBER"""
    site, number = sys.argv[1], int(sys.argv[2])
    before = set(os.environ)
    import_site(site)
    own = {name: text for name, text in os.environ.items() if name not in before}
    asked = Parent(socket.socket(fileno=number)).serve()
    if asked is None:
        return
    os.environ.clear()
    os.environ.update({**own, **asked["env"]})
    time.tzset()
    os.chdir(asked["cwd"])
    module, *_ = sys.argv = asked["words"]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def import_site(site: str) -> None:
    """As the site's own start does it."""
    import gc

    from shared.i18n import install_from
    from shared.lean import leanly

    with leanly():
        package = import_module(site)
        rooms = [found.name for found in walk_packages(package.__path__, f"{site}.")]
        for name in (*SITES[site], *SHARED, *(name for name in rooms if name.endswith((".routes", ".jobs")))):
            import_module(name)
        install_from(Path(str(package.__file__)).parent, PROJECT / "shared")
    assert threading.active_count() == 1, "a thread would not be forked"
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    main()
