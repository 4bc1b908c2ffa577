"""A sysadmin enrols a real node at a real center by token, restarts its service from the page, and both survive kill -9."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.agent import ROOT, RunningAgent, answers, dummy, free_port, service, until

PASSWORD = "tea with lemon"


class Center:
    """`netops center` in a folder of its own: commands of the terminal, and the site as a process."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "center.log"
        self.env = {
            **os.environ, "TRUNKLINE_DATA_DIR": str(folder), "TRUNKLINE_PORT": str(self.port),
            "TRUNKLINE_ARGON2_MEMORY_KIB": "64", "TRUNKLINE_ARGON2_ROUNDS": "1", "TRUNKLINE_REPORT_SECONDS": "0.5",
        }  # fmt: skip
        self.process: subprocess.Popen[bytes] | None = None

    def run(self, *words: str, **more: Any) -> str:
        command = [sys.executable, "-m", "netops", "center", *words]
        return subprocess.run(
            command, cwd=ROOT, env=self.env, capture_output=True, text=True, check=True, **more
        ).stdout

    def start(self) -> None:
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "netops", "center", "web"]
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.env, stdout=log, stderr=log)
        until(lambda: answers(self.port), 20)

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)


class Ada:
    """In front of a browser without scripts."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client = httpx2.Client(
            follow_redirects=True, headers={"accept": "text/html", "accept-language": "en", "origin": url}
        )
        self.page = ""
        self.open("/sign-in")
        self.send("/sign-in", username="ada", password=PASSWORD)

    def open(self, path: str) -> str:
        self.page = self.client.get(self.url + path).text
        return self.page

    def send(self, path: str, **fields: str) -> Any:
        hidden = dict(re.findall(r'name="(csrf|once|verb|service|instance)" value="([^"]*)"', self.page))
        answer = self.client.post(self.url + path, data={**hidden, **fields})
        self.page = answer.text
        return answer

    def status(self, path: str) -> str:
        found = re.search(r'<section id="command".*?data-status="(\w+)"', self.open(path), re.S)
        return found[1] if found else ""


@pytest.fixture
def center(tmp_path: Path) -> Any:
    folder = tmp_path / "center"
    folder.mkdir()
    found = Center(folder)
    found.run("migrate")
    found.run(
        "user", "add", "ada", "--name", "Ada", "--locale", "en", "--password-stdin", input=PASSWORD + "\n"
    )
    found.run("rights", "grant", "ada")
    found.start()
    yield found
    found.end()


def test_a_node_is_enrolled_restarted_from_the_page_and_accounted_for_through_crashes(
    center: Center, tmp_path: Path
) -> None:
    token = json.loads(center.run("nodes", "token", "T1", "--branch", "SH", "--json"))["token"]
    words = [
        token,
        "--url",
        center.url,
        "--node",
        "T1",
        "--branch",
        "SH",
        "--key-file",
        str(tmp_path / "node" / "node.key"),
    ]
    (tmp_path / "node").mkdir()
    enrol = [sys.executable, "-m", "netops", "agent", "enrol", *words]
    assert (
        "T1 is enrolled" in subprocess.run(enrol, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    )
    assert subprocess.run(enrol, cwd=ROOT, capture_output=True, text=True, check=False).returncode == 1
    port = free_port()
    head = f'[center]\nurl = "{center.url}"\n[commands]\nallow = ["service.*", "keys.*"]\n'
    with RunningAgent(tmp_path / "node", service("web", dummy(port=port), port), head) as agent:
        before = agent.until_state("web", "running")
        ada = Ada(center.url)
        until(lambda: "service.restart" in ada.open("/nodes/T1"), 20)
        ada.open("/nodes/T1/commands/new?verb=service.restart&service=web")
        first = ada.send("/nodes/T1/commands", reason="it hangs", lifetime="now").url.path
        until(lambda: ada.status(first) == "done", 20)
        after = agent.until_state("web", "running")
        assert after["instance"] != before["instance"]

        agent.kill()
        ada.open("/nodes/T1/commands/new?verb=service.restart&service=web")
        second = ada.send("/nodes/T1/commands", reason="again, when it is back", lifetime="until").url.path
        center.kill()
        center.start()
        agent.start()
        until(lambda: ada.status(second) == "done", 40)
        assert agent.until_state("web", "running")["instance"] != after["instance"]

        ada.open("/nodes/T1/commands/new?verb=keys.renew")
        third = ada.send("/nodes/T1/commands", reason="once a year", lifetime="now").url.path
        until(lambda: ada.status(third) == "done", 20)
        agent.kill()
        agent.start()
        until(lambda: agent.ask("status")["center"]["contact"] == "live", 20)
        audit = until(lambda: (page := ada.open("/audit")).count("carried out") == 3 and page, 20)
        ada.client.close()
        assert "chain broken" not in audit and "changed the key of node T1" in audit
    assert json.loads(center.run("audit", "verify", "--json"))["broken_at"] is None
