"""One way to run the same service under each supervisor. `missing()` says why one is skipped."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.support.agent import RunningAgent, answers, until
from tests.support.ports import free_port

SERVICE = Path(__file__).with_name("service.py")
START_SECONDS = 0.010
"""Work before it listens; with the interpreter's own start about 26 ms in all on the machine of the first figures."""


def program(name: str) -> str:
    """A program beside this interpreter, where `make bench-netops` puts the packages of anchors.lock, or in the path; "" when
    there is none."""
    beside = Path(sys.executable).with_name(name)
    return os.fspath(beside) if beside.exists() else shutil.which(name) or ""


class Supervised:
    """The service under one supervisor, in a folder of its own. Use as a context manager."""

    name = ""
    sees_hangs = True
    is_slow = False
    """So slow that fewer tries must do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.port = free_port()
        self.pid_file = folder / "pid"
        self.process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def missing() -> str:
        return ""

    def command(self) -> list[str]:
        words = (SERVICE, self.port, self.pid_file, START_SECONDS)
        return [sys.executable, "-S", *map(str, words)]

    def spawn(self) -> None:
        raise NotImplementedError

    def pid(self) -> int:
        return int(self.pid_file.read_text())

    def __enter__(self) -> Supervised:
        self.spawn()
        until(lambda: answers(self.port), 30)
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(15)
            self.process.kill()
            self.process.wait()
        with suppress(OSError, ValueError):
            os.kill(self.pid(), signal.SIGKILL)

    def _run(self, *command: str) -> None:
        self.process = subprocess.Popen(
            command,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


class Bare(Supervised):
    """Nobody: the bench itself starts it again. What the machine can do."""

    name = "bare start"
    sees_hangs = False

    def spawn(self) -> None:
        self._run(*self.command())

    def again(self) -> None:
        assert self.process is not None
        self.process.wait()
        self.spawn()


class Trunkline(Supervised):
    """The product. Every kill is meant to be 'the first failure after a good time', so good is set to 50 ms and the
    budget to many starts; the probe keeps its default of one second."""

    name = "trunkline agent"

    def spawn(self) -> None:
        words = ", ".join(f'"{word}"' for word in self.command())
        services = (
            f'[[services]]\nname = "web"\ncommand = [{words}]\n'
            "restart = { good_seconds = 0.05, budget_starts = 100000 }\n"
            f'[[services.probes]]\nurl = "http://127.0.0.1:{self.port}/healthz"\n'
        )
        self.agent = RunningAgent(self.folder / "node", services).start()
        self.process = self.agent.process


class Supervisord(Supervised):
    """PyPI's supervisor with startsecs=0, retries without end: its fastest setting."""

    name = "supervisord"
    sees_hangs = False

    @staticmethod
    def missing() -> str:
        return "" if program("supervisord") else "not installed: make bench-netops installs it"

    def spawn(self) -> None:
        settings = self.folder / "supervisord.conf"
        settings.write_text(
            "[supervisord]\nnodaemon=true\n"
            f"logfile={self.folder}/log\npidfile={self.folder}/daemon\nchildlogdir={self.folder}\n"
            f"[program:web]\ncommand={' '.join(self.command())}\nautorestart=true\nstartsecs=0\nstartretries=1000000\n"
        )
        self._run(program("supervisord"), "-c", os.fspath(settings))


class Runit(Supervised):
    """runsv, one process per service: restarts at once, sees no hangs, has no budget."""

    name = "runit"
    sees_hangs = False

    @staticmethod
    def missing() -> str:
        return "" if shutil.which("runsv") else "not installed: apt-get install runit"

    def spawn(self) -> None:
        folder = self.folder / "web"
        folder.mkdir()
        script = folder / "run"
        script.write_text(f"#!/bin/sh\nexec {' '.join(self.command())} 2>&1\n")
        script.chmod(0o755)
        self._run("runsv", os.fspath(folder))


class Monit(Supervised):
    """Monit with a cycle of one second and an HTTP test that fails after one try of one second."""

    name = "monit, 1 s cycle"
    is_slow = True

    @staticmethod
    def missing() -> str:
        return "" if shutil.which("monit") else "not installed: apt-get install monit"

    def spawn(self) -> None:
        start, stop = self.folder / "start", self.folder / "stop"
        start.write_text(f"#!/bin/sh\nsetsid {' '.join(self.command())} >/dev/null 2>&1 </dev/null &\n")
        stop.write_text(f"#!/bin/sh\nkill -9 $(cat {self.pid_file})\n")
        start.chmod(0o755)
        stop.chmod(0o755)
        settings = self.folder / "monitrc"
        settings.write_text(
            f"set daemon 1\nset log {self.folder}/log\nset pidfile {self.folder}/daemon\nset idfile {self.folder}/id\n"
            f"set statefile {self.folder}/state\n"
            f"check process web with pidfile {self.pid_file}\n"
            f'  start program = "{start}"\n  stop program = "{stop}"\n'
            f"  if failed port {self.port} protocol http with timeout 1 seconds then restart\n"
        )
        settings.chmod(0o600)
        self._run("monit", "-I", "-c", os.fspath(settings))


ALL: tuple[type[Supervised], ...] = (Bare, Trunkline, Supervisord, Runit, Monit)


def milliseconds_to_ready(
    supervised: Supervised, provoke: Callable[[Supervised], object], limit_seconds: float = 60.0
) -> float | None:
    """Provokes trouble and waits until a new process answers. None when none does in time."""
    while True:
        until(lambda: answers(supervised.port), limit_seconds)
        before = supervised.pid()
        began = time.perf_counter()
        try:
            provoke(supervised)
            break
        except ProcessLookupError:  # its supervisor was just replacing it on its own account
            time.sleep(0.05)
    if isinstance(supervised, Bare):
        supervised.again()
    while time.perf_counter() - began < limit_seconds:
        if supervised.pid() != before and answers(supervised.port, timeout=0.2):
            return (time.perf_counter() - began) * 1000
        time.sleep(0.0005)
    return None
