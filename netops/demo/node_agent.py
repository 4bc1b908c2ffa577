"""One agent of the demonstration: a process of its own for each node of the company, started, asked and ended by the runner."""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import os
import signal
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from netops.agent.drivers import Mark
from netops.agent.drivers.process import ProcessDriver
from netops.agent.local_client import AgentAway, ask_agent

_PR_SET_PDEATHSIG = 1
_END_SECONDS = 30.0
"""Its sites have ten seconds of grace each, side by side; an agent that is not gone then is killed, and they after it."""


class AgentFailed(Exception):
    """The agent does not run; the text says why."""


class NodeAgent:
    """The agent of one node. `file` is its node file, `state` its folder."""

    def __init__(self, node: str, folder: Path, state: Path, file: Path) -> None:
        self.node, self.state, self.file = node, state, file
        self._log = folder / "logs" / f"{state.name if state.name == 'agent' else 'agent-' + node}.log"
        self._driver = ProcessDriver(os.fspath(state.resolve()))
        self.process: asyncio.subprocess.Process | None = None

    def ask(self, **question: Any) -> Any:
        """Raises AgentAway, or ValueError with the agent's sentence."""
        return ask_agent(self.state, question)

    async def start(self) -> None:
        """Starts it in a session of its own, so that Ctrl-C in the terminal reaches only the runner. Raises AgentFailed."""
        self._log.parent.mkdir(exist_ok=True)
        with self._log.open("ab") as output:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "netops", "agent", "--file", os.fspath(self.file), "run"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                preexec_fn=partial(_end_with_parent, os.getpid()),
            )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self.process.returncode is not None:
                raise AgentFailed(f"the agent ended with {self.process.returncode}: see {self._log}")
            with suppress(AgentAway):
                if (await asyncio.to_thread(self.ask, ask="status"))["pid"] == self.process.pid:
                    return
            await asyncio.sleep(0.05)
        raise AgentFailed("the agent does not answer")

    async def end(self) -> None:
        """Tells it to end its sites and waits; one that was stopped is let go on, for else it would never hear of it."""
        agent = self.process
        if agent is not None and agent.returncode is None:
            agent.terminate()
            agent.send_signal(signal.SIGCONT)
            try:
                async with asyncio.timeout(_END_SECONDS):
                    await agent.wait()
            except TimeoutError:
                agent.kill()
                await agent.wait()

    def end_old(self) -> None:
        """An agent whose runner is gone is told to end but to leave its sites: ours adopts them. One that was stopped goes on,
        and ends as its runner's death told it."""
        pid = _holder_of(self.state / "agent.lock")
        if pid is None:
            return
        os.kill(pid, signal.SIGCONT)
        with suppress(AgentAway, ValueError):
            self.ask(ask="end", services="leave")
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline and _is_alive(pid):
            time.sleep(0.05)

    def strays(self) -> list[Mark]:
        """Marks of its site processes that still run."""
        return self._driver.strays(())

    def kill_strays(self) -> None:
        for mark in self.strays():
            with suppress(ProcessLookupError):
                os.killpg(mark.pid, signal.SIGKILL)


def _end_with_parent(parent: int) -> None:
    """In the child before exec: a session of its own, and TERM when the runner dies, however it dies."""
    os.setsid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)


def _holder_of(lock: Path) -> int | None:
    """Who holds it; None when nobody does."""
    try:
        with lock.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return int(lock.read_text(encoding="ascii") or 0) or None
    return None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
