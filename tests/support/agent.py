"""A real agent with real services in a folder of its own: started, asked, killed, and always cleaned up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from netops.agent.drivers.process import ProcessDriver
from netops.agent.local_client import AgentAway, ask_agent

ROOT = Path(__file__).resolve().parents[2]
DUMMY = ROOT / "tests" / "support" / "dummy_service.py"


def dummy(**options: object) -> list[str]:
    """The command of a dummy service."""
    return [sys.executable, "-S", os.fspath(DUMMY), *(f"{name}={value}" for name, value in options.items())]


def answers(port: int, path: str = "/healthz", timeout: float = 0.5) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=timeout) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def until(condition: Callable[[], Any], seconds: float = 10.0, pause: float = 0.02) -> Any:
    """The first true value of condition. Fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(pause)
    raise AssertionError(f"did not come true within {seconds} s")


class RunningAgent:
    """Use as a context manager. `services` is TOML text; the node file's folder is the working folder."""

    def __init__(self, folder: Path, services: str, head: str = "", node: str = "T1") -> None:
        self.folder, self.process = folder, None
        folder.mkdir(parents=True, exist_ok=True)
        self.file, self.node = folder / "node.toml", node
        self.write(services, head)

    def write(self, services: str, head: str = "") -> None:
        """The node file, which an agent reads when it starts."""
        text = f'node = "{self.node}"\nstate_dir = "state"\n{head}\n{services}'
        self.file.write_text(text, encoding="utf-8")

    def __enter__(self) -> RunningAgent:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.end()
        for mark in self.strays():
            os.killpg(mark.pid, signal.SIGKILL)

    def start(self) -> RunningAgent:
        """Starts the agent and waits until it answers."""
        with (self.folder / "agent.log").open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "netops", "agent", "--file", os.fspath(self.file)],
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until(lambda: self.process.poll() is not None or self._answers())
        assert self.process.poll() is None, self.log()
        return self

    def _answers(self) -> bool:
        try:
            return bool(self.ask("status")["pid"] == self.process.pid)
        except AgentAway:
            return False

    def end(self) -> None:
        """TERM, as an init system would."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def ask(self, question: str, **more: object) -> Any:
        return ask_agent(self.folder / "state", {"ask": question, **more})

    def service(self, name: str) -> dict[str, Any]:
        services = self.ask("status")["state"]["services"]
        found = next(service for service in services if service["name"] == name)
        return {"pid": 0, "instance": "", "is_ready": False, **found}

    def until_state(self, name: str, *states: str, seconds: float = 10.0) -> dict[str, Any]:
        def reached() -> dict[str, Any] | None:
            found = self.service(name)
            return found if found["state"] in states else None

        return until(reached, seconds)

    def until_ready(self, name: str, seconds: float = 40.0) -> None:
        until(lambda: self.service(name)["is_ready"], seconds)

    def strays(self) -> list[Any]:
        """Marks of service processes that still run."""
        return ProcessDriver(os.fspath((self.folder / "state").resolve())).strays(())

    def log(self) -> str:
        return (self.folder / "agent.log").read_text(encoding="utf-8")


def service(name: str, command: list[str], port: int = 0, more: str = "") -> str:
    """TOML of one service; with a port it is probed there."""
    words = ", ".join(f'"{word}"' for word in command)
    probe = f'[[services.probes]]\nurl = "http://127.0.0.1:{port}/healthz"\n' if port else ""
    return f'[[services]]\nname = "{name}"\ncommand = [{words}]\n{more}\n{probe}'
