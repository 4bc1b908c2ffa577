"""A site as a real process: started from its command line on a port and folder of its own, asked, killed, restarted.

Its processes come from the nursery (nursery.py), those of another release from the interpreter.
"""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import httpx

from shared.database import DatabaseApp
from shared.database.access import bind
from shared.database.context import session_parameters
from tests.support import nursery, shelf
from tests.support.databases import apart
from tests.support.ports import free_port
from tests.support.web_site import Visitor

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
CHEAP = {"TRUNKLINE_ARGON2_MEMORY_KIB": "64", "TRUNKLINE_ARGON2_ROUNDS": "1"}
LOG_SHOWN = 4_000
STARTED: dict[Path, "SiteProcess"] = {}
"""The sites that the present test has started, by folder: of a test that fails their logs are shown."""


def wait_until(
    condition: Callable[[], T | None], seconds: float = 30.0, what: str = "", pause: float = 0.05
) -> T:
    """The first true value of `condition`; AssertionError naming `what` when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        if found := condition():
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what or condition}")
        time.sleep(pause)


def standing_still(look: Callable[[], T], quiet_seconds: float = 1.0, seconds: float = 30.0) -> T:
    """What `look` says once it has said the same for `quiet_seconds`: what was on its way when a line was cut has arrived."""
    said, since = look(), time.monotonic()
    deadline = since + seconds
    while time.monotonic() < since + quiet_seconds:
        assert time.monotonic() < deadline, f"did not stand still within {seconds} s"
        time.sleep(0.05)
        if (now := look()) != said:
            said, since = now, time.monotonic()
    return said


class Guest(Visitor):
    """Somebody in front of a browser on a real site: follows redirects, sends forms with the token of the page."""

    def __init__(self, url: str) -> None:
        super().__init__(
            httpx.Client(  # type: ignore[arg-type]
                base_url=url, follow_redirects=True, timeout=20, headers={"accept-language": "en"}
            )
        )
        self.url = url

    def send(self, url: str, *, follow: bool = True, **fields: Any) -> Any:
        """Post a form as the page before us would."""
        answer = self.client.post(
            url,
            data={"csrf": self.token(), **fields},
            headers={"accept": "text/html", "origin": self.url},
            follow_redirects=follow,
        )
        self.page = answer.text or self.page
        return answer

    def read(self, url: str) -> Any:
        """The JSON of an address."""
        answer = self.client.get(url, headers={"accept": "application/json"})
        assert answer.status_code == 200, f"{url}: {answer.status_code} {answer.text[:300]}"
        return json.loads(answer.text)

    def close(self) -> None:
        self.client.close()


class SiteProcess:
    """One site. `env` are its settings without TRUNKLINE_; folder and port stay the same over restarts."""

    def __init__(
        self, name: str, module: str, folder: Path, apps: Sequence[DatabaseApp], env: Mapping[str, str]
    ) -> None:
        self.name, self.module, self.folder, self.apps = name, module, folder, apps
        self.root = ROOT  # the tree that it runs: another one is another release
        self.launcher: tuple[
            str, ...
        ] = ()  # the module and words that start it, when it is not started by itself
        self.port = free_port()
        self.settings = {f"TRUNKLINE_{key}": value for key, value in env.items()}
        self.process: subprocess.Popen[bytes] | nursery.Forked | None = None
        self.guests: list[Guest] = []
        shelf.share_templates(folder)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def database_url(self) -> str:
        """Where its database is."""
        file = {"hq": "hq.db", "branch_node": "branch.db"}[self.module]
        return self.settings.get("TRUNKLINE_DATABASE_URL") or f"sqlite:///{self.folder / file}"

    @property
    def env(self) -> dict[str, str]:
        """The whole environment of its processes: nothing of the tests' own settings."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("TRUNKLINE_")}
        own = {"TRUNKLINE_DATA_DIR": str(self.folder), "TRUNKLINE_PORT": str(self.port)}
        return {**kept, **CHEAP, **own, **self.settings}

    @property
    def log(self) -> str:
        """What it has written so far."""
        path = self.folder / "site.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    @property
    def complaints(self) -> str:
        """The end of what it has written that is more than news."""
        told = [line for line in self.log.splitlines() if '"level": "info"' not in line]
        return "\n".join(told)[-LOG_SHOWN // 2 :]

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def run(self, *words: str, typed: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        """A command of the site, such as run("migrate"); fails with its words unless it ends with 0."""
        command = [self.module, *words]
        if self.root == ROOT:
            done = nursery.run(self.module, command, cwd=ROOT, env=self.env, typed=typed)
        else:
            done = subprocess.run(
                [sys.executable, "-m", *command], cwd=self.root, env=self.env, input=typed, text=True,
                capture_output=True, timeout=120, check=False,
            )  # fmt: skip
        if check:
            assert done.returncode == 0, f"{self.name} {' '.join(words)}: {done.stderr[-LOG_SHOWN:]}"
        return done

    def start(self, *, wait: bool = True) -> "SiteProcess":
        """Start `web`; with `wait` return when it answers."""
        assert not self.is_alive, f"{self.name} runs already"
        STARTED[self.folder] = self
        words = [*self.launcher, self.module, "web"]
        with (self.folder / "site.log").open("ab") as log:
            if self.root == ROOT:
                self.process = nursery.start(self.module, words, cwd=ROOT, env=self.env, output=log)
            else:
                self.process = subprocess.Popen(
                    [sys.executable, "-m", *words], cwd=self.root, env=self.env, stdout=log, stderr=subprocess.STDOUT,
                    stdin=subprocess.DEVNULL, start_new_session=True,
                )  # fmt: skip
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, seconds: float = 40.0) -> None:
        """Until /healthz answers; fails with the log when the process ends or stays silent."""
        try:
            wait_until(lambda: self._answers() or not self.is_alive, seconds)
        except AssertionError:
            pass
        assert self.is_alive and self._answers(), f"{self.name} did not start: {self.log[-LOG_SHOWN:]}"

    def _answers(self) -> bool:
        asked = HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            asked.request("GET", "/healthz")
            return asked.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            asked.close()

    def stop(self, seconds: float = 20.0) -> int:
        """SIGTERM, as a system does; the exit code. Fails when it does not end in time."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def kill(self) -> None:
        """kill -9, as a power cut does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def restart(self) -> None:
        """Kill it and start it again on the same folder and port."""
        if self.is_alive:
            self.kill()
        self.start()

    def close(self) -> None:
        """End it and everything that it started, whatever state it is in."""
        for guest in self.guests:
            guest.close()
        if self.process is None:
            return
        if self.is_alive:
            self.process.kill()
            self.process.wait(10)
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def sign_in(self, username: str, password: str) -> Guest:
        """Somebody signed in on this site; fails when the site refuses."""
        guest = Guest(self.url)
        self.guests.append(guest)
        guest.open("/sign-in")
        answer = guest.send("/sign-in", username=username, password=password)
        assert answer.status_code == 200 and "/sign-in" not in str(answer.url), guest.text()[:400]
        return guest

    def rows(self, sql: str, **params: Any) -> list[dict[str, Any]]:
        """Rows of its database, read beside the running site on a connection of one's own; cheap enough to wait with."""
        url = self.database_url
        if url.startswith("sqlite:"):
            return rows_of_file(url.removeprefix("sqlite:///"), sql, params)
        return apart(rows_of_server(url, sql, params))

    def one(self, sql: str, **params: Any) -> Any:
        """The first column of the first row, None when there is no row."""
        found = self.rows(sql, **params)
        return next(iter(found[0].values())) if found else None


def rows_of_file(path: str, sql: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows of a SQLite file."""
    statement, values = bind(sql, params, "sqlite")
    with closing(sqlite3.connect(path, timeout=10)) as link:
        link.row_factory = sqlite3.Row
        return [dict(row) for row in link.execute(statement, values)]


async def rows_of_server(url: str, sql: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows of a PostgreSQL database."""
    statement, values = bind(sql, params, "postgres")
    link = await asyncpg.connect(**session_parameters(url))
    try:
        return [dict(row) for row in await link.fetch(statement, *values)]
    finally:
        await link.close()


def copy_folder(source: Path, target: Path) -> None:
    """The prepared files of a site that does not run."""
    shutil.copytree(
        source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.lock", "site.log", "templates")
    )
