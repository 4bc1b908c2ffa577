"""Prepares the sites: runs the steps of the company file that are due, side by side where they do not wait for each other.

What was done is noted in prepared.json after each step, so that a preparation that was cut short goes on where it was.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from netops.agent.service_log import last_lines
from netops.demo.company import Account, Company, Site, Step, data_folder, fill

PREPARED_FILE = "prepared.json"
_TAIL_LINES = 15
_ASKED_AGAIN = 3


class StepFailed(Exception):
    """A step ended with an error; the text shows the command and its last lines."""


class Preparation:
    """The steps of one start. `say` prints a line."""

    def __init__(self, company: Company, folder: Path, say: Callable[[str], None]) -> None:
        self._company, self._folder, self._say = company, folder, say
        self._file = folder / PREPARED_FILE
        self._done: dict[str, str] = _read(self._file)
        self._first = [company.open, *([company.agent.site] if company.agent else [])]
        self._prepared = {site.name: asyncio.Event() for site in company.sites}
        self._places = asyncio.Semaphore(max(2, os.cpu_count() or 2))

    def due(self, site: Site) -> list[Step]:
        """Steps of a site that must run now, in order."""
        return [step for step in self._company.kind_of(site).steps if self._is_due(site, step)]

    async def before_start(self, site: Site) -> None:
        """The site's due steps up to the first that has to wait for another site. Raises StepFailed.

        The page that a person waits for goes first, with the site that every agent has to be made known to.
        """
        for name in self._first if site.name not in self._first else ():
            await self._prepared[name].wait()
        data_folder(self._folder, site).mkdir(parents=True, exist_ok=True)
        await self._run_all(site, self._early(site))
        self._prepared[site.name].set()

    def waiting_for(self, site: Site) -> list[str]:
        """Names of the sites that must be ready before this one may start."""
        return [step.after for step in self._late(site) if step.after]

    def accounts(self, site: Site) -> list[Account]:
        """Who may sign in at a site, as its seed command told when it ran."""
        told = self._done.get(f"{site.name}/accounts", "[]")
        return msgspec.json.decode(told, type=list[Account])

    async def introduce_agent(self, node: str, public_key: str, branch: str = "") -> list[str]:
        """Makes a node's agent known to the center, once; the public keys of commands it is to believe. Raises StepFailed."""
        agent = self._company.agent
        if agent is None:
            return []
        noted = "agent/enrol" if node == self._company.node else f"agent/enrol/{node}"
        if noted not in self._done:
            site = self._company.site(agent.site)
            await self._prepared[site.name].wait()
            values = self._company.placeholders(site, self._folder)
            values |= {"public_key": public_key, "node": node, "branch": branch}
            output = await self._command(site, f"agent-enrol-{node}", fill(agent.run, values))
            answer = dict(read_json(output)) if "{" in output else {}
            self._done[noted] = str(answer.get("command_key", ""))
            self._note()
        return [key for key in [self._done[noted]] if key]

    async def after_ready(self, site: Site) -> None:
        """The steps of a site that had to wait. Raises StepFailed."""
        await self._run_all(site, self._late(site))

    def _early(self, site: Site) -> list[Step]:
        due = self.due(site)
        border = next((number for number, step in enumerate(due) if step.after), len(due))
        return due[:border]

    def _late(self, site: Site) -> list[Step]:
        due = self.due(site)
        return due[len(self._early(site)) :]

    def _is_due(self, site: Site, step: Step) -> bool:
        noted = self._done.get(f"{site.name}/{step.name}")
        if step.when == "always" or noted is None:
            return True
        return step.when == "changed" and noted != _fingerprint(step.depends)

    async def _run_all(self, site: Site, steps: list[Step]) -> None:
        for step in steps:
            began = time.monotonic()
            values = self._company.placeholders(site, self._folder)
            if step.ask:
                asked = self._company.site(step.ask_site or site.name)
                output = await self._answer(asked, f"{site.name}-{step.name}-ask", fill(step.ask, values))
                values |= {f"answer.{key}": str(value) for key, value in dict(read_json(output)).items()}
            printed = await self._command(site, f"{site.name}-{step.name}", fill(step.run, values))
            if step.tells_accounts:
                self._done[f"{site.name}/accounts"] = json.dumps(read_json(printed), ensure_ascii=False)
            self._done[f"{site.name}/{step.name}"] = _fingerprint(step.depends)
            self._note()
            self._say(f"  {site.name:14} {step.name:8} {time.monotonic() - began:5.1f} s")

    async def _answer(self, site: Site, name: str, command: list[str]) -> str:
        """What a command says, asked again when it failed: while headquarters takes in the history of every branch on a busy
        machine, its database can be taken for longer than a command waits."""
        for _ in range(_ASKED_AGAIN):
            try:
                return await self._command(site, name, command)
            except StepFailed:
                await asyncio.sleep(1)
        return await self._command(site, name, command)

    async def _command(self, site: Site, name: str, command: list[str]) -> str:
        """Runs one command in a site's environment; its standard output. Ends it with its group when we are ended.

        Both streams are kept in logs/: what it prints for people (.log) apart from what it answers (.out).
        """
        logs = self._folder / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        answer, log = logs / f"{name}.out", logs / f"{name}.log"
        async with self._places:
            with answer.open("wb") as output, log.open("wb") as errors:
                child = await asyncio.create_subprocess_exec(
                    *command,
                    env=self._company.environment(site, self._folder),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=output,
                    stderr=errors,
                    start_new_session=True,
                )
            try:
                status = await child.wait()
            except asyncio.CancelledError:
                os.killpg(child.pid, signal.SIGKILL)
                await child.wait()
                raise
        if status:
            lines = [*last_lines(answer, _TAIL_LINES), *last_lines(log, _TAIL_LINES)]
            tail = "\n".join(f"    {line}" for line in lines)
            raise StepFailed(f"{name} ended with {status}: {' '.join(command[:5])} ...\n{tail}")
        return answer.read_text(encoding="utf-8", errors="replace")

    def _note(self) -> None:
        draft = self._file.with_suffix(".new")
        draft.write_text(json.dumps(self._done, indent=1, sort_keys=True), encoding="utf-8")
        os.replace(draft, self._file)


def _read(path: Path) -> dict[str, str]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _fingerprint(patterns: list[str]) -> str:
    """A hash of the files that a step depends on, in the installed program; "" when it depends on none."""
    if not patterns:
        return ""
    root = Path(__file__).resolve().parents[2]
    files = sorted({path for pattern in patterns for path in root.glob(pattern)})
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def read_json(output: str) -> Any:
    """The JSON object or list that a command printed, perhaps after other lines. Raises StepFailed."""
    lines = output.splitlines()
    for number, line in enumerate(lines):
        if line.startswith(("{", "[")):
            try:
                return json.loads("\n".join(lines[number:]))
            except ValueError:
                continue
    raise StepFailed("a command that should answer in JSON did not")
