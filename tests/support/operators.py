"""A center as a real process with its command line, and people in front of it."""

import json
import os
import re
import signal
from pathlib import Path
from typing import Any

import httpx2

from tests.support import nursery, shelf
from tests.support.agent import ROOT, answers, until
from tests.support.ports import free_port

PASSWORD = "tea with lemon"


class Center:
    """`netops center` in a folder of its own: commands of the terminal, and the site as a process."""

    def __init__(self, folder: Path) -> None:
        shelf.share_templates(folder)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "center.log"
        self.env = {
            **os.environ, "TRUNKLINE_DATA_DIR": str(folder), "TRUNKLINE_PORT": str(self.port),
            "TRUNKLINE_ARGON2_MEMORY_KIB": "64", "TRUNKLINE_ARGON2_ROUNDS": "1", "TRUNKLINE_REPORT_SECONDS": "0.5",
        }  # fmt: skip
        self.process: nursery.Forked | None = None

    def run(self, *words: str, typed: str = "") -> str:
        done = nursery.run("netops", ["netops", "center", *words], cwd=ROOT, env=self.env, typed=typed)
        assert done.returncode == 0, f"{' '.join(words)}: {done.stderr}"
        return done.stdout

    def start(self) -> None:
        with self.log.open("ab") as log:
            words = ["netops", "center", "web"]
            self.process = nursery.start("netops", words, cwd=ROOT, env=self.env, output=log)
        until(lambda: answers(self.port), 20)

    def add_people(self, *names: str) -> None:
        """Accounts that may order everything."""
        for name in names:
            words = ("user", "add", name, "--name", name.title(), "--locale", "en", "--password-stdin")
            self.run(*words, typed=PASSWORD + "\n")
            self.run("rights", "grant", name)

    def enrol(self, node: str, branch: str, folder: Path) -> None:
        """The node whose key lies in `folder` becomes known, by token."""
        folder.mkdir(parents=True, exist_ok=True)
        token = json.loads(self.run("nodes", "token", node, "--branch", branch, "--json"))["token"]
        words = (
            "--url",
            self.url,
            "--node",
            node,
            "--branch",
            branch,
            "--key-file",
            str(folder / "node.key"),
        )
        command = ["netops", "agent", "enrol", token, *words]
        done = nursery.run("netops", command, cwd=ROOT, env=os.environ)
        assert done.returncode == 0, done.stderr

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)


class Operator:
    """In front of a browser without scripts."""

    def __init__(self, url: str, username: str = "ada") -> None:
        self.url = url
        self.client = httpx2.Client(
            follow_redirects=True, headers={"accept": "text/html", "accept-language": "en", "origin": url}
        )
        self.page = ""
        self.open("/sign-in")
        self.send("/sign-in", username=username, password=PASSWORD)

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
