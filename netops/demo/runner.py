"""Runs the demonstration: prepare, start the agent, finish the preparation, wait for all sites, print, wait for the end.

Nothing is left behind: the agent ends the sites when it is told to; the kernel tells it (parent-death signal) when this
runner is killed; and should both be killed at the same instant, the next start adopts the sites that are still running.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from netops.agent.drivers.process import ProcessDriver
from netops.agent.local_client import AgentAway
from netops.demo.company import Company, Site, data_folder
from netops.demo.lines import Lines
from netops.demo.node_agent import AgentFailed, NodeAgent
from netops.demo.node_file import key_file, node_path, write_node_file
from netops.demo.steps import Preparation, StepFailed
from netops.demo.table import welcome
from shared.load_state import FENCE_NAME
from shared.nodes.identity import NodeKey

MARKER = "trunkline-demo"
_READY_SECONDS = 180.0


class DemoFailed(Exception):
    """The demonstration cannot run; the text says why and what to do."""


class Runner:
    """One demonstration in one folder. `say` prints a line."""

    def __init__(self, company: Company, folder: Path, say: Callable[[str], None] = print) -> None:
        self._company, self._folder, self._say = company, folder.resolve(), say
        self._agents = {
            node: NodeAgent(
                node,
                self._folder,
                self._folder / company.state_dir(node),
                node_path(company, self._folder, node),
            )
            for node in company.nodes()
        }
        self._lines = Lines(company, self._folder)
        self._ending = asyncio.Event()

    async def run(self, *, reset: bool = False, show: Callable[[str], object] | None = None) -> int:
        """Until Ctrl-C, SIGTERM or a failure. 0: ended as asked; 1: something failed, which was printed."""
        began = time.monotonic()
        lock = self._take_folder(reset)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._ending.set)
        try:
            work = asyncio.create_task(self._start(began))
            ending = asyncio.create_task(self._ending.wait())
            await asyncio.wait({work, ending}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                work.cancel()
            with suppress(asyncio.CancelledError):
                await work
                if show is not None:
                    show(self._company.site(self._company.open).url)
                await self._keep_agents()
            return 0
        except (StepFailed, DemoFailed, ExceptionGroup) as failure:
            for sentence in _sentences(failure):
                self._say(f"\n{sentence}")
            return 1
        finally:
            await self._end()
            os.close(lock)

    def _take_folder(self, reset: bool) -> int:
        """Locks the folder, forgetting what is in it if asked. Raises DemoFailed when another demonstration has it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        marker = self._folder / MARKER
        descriptor = os.open(self._folder / "demo.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise DemoFailed(f"a demonstration is already running in {self._folder}") from None
        others = [entry for entry in self._folder.iterdir() if entry.name != "demo.lock"]
        if others and not marker.exists():
            os.close(descriptor)
            raise DemoFailed(f"{self._folder} has other files in it: choose another folder with --dir")
        for agent in self._agents.values():
            agent.end_old()
        if reset:
            self._kill_strays()
            for entry in others:
                shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
        marker.write_text("Folder of `netops demo`; --reset empties it.\n", encoding="utf-8")
        return descriptor

    async def _start(self, began: float) -> None:
        preparation = Preparation(self._company, self._folder, self._say)
        self._check_ports()
        await self._lines.open()
        if any(preparation.due(site) for site in self._company.sites):
            self._say("Preparing 准备中")
        async with asyncio.TaskGroup() as group:
            for node, sites in self._company.nodes().items():
                group.create_task(self._bring_up_node(node, sites, preparation))
        accounts = {site.name: preparation.accounts(site) for site in self._company.sites}
        self._say(welcome(self._company, accounts, os.fspath(self._folder), time.monotonic() - began))

    async def _bring_up_node(self, node: str, sites: list[Site], preparation: Preparation) -> None:
        """1. its sites are prepared as far as they wait for nobody  2. its agent starts, with what it starts by itself
        3. what had to wait follows. Nodes go side by side: headquarters can be used while branches make their data."""
        late = {site.name: preparation.waiting_for(site) for site in sites}
        for site in sites:
            await preparation.before_start(site)
        key = NodeKey.load_or_create(self._folder / key_file(self._company, node))
        branch = next((site.values["code"] for site in sites if "code" in site.values), "")
        command_keys = await preparation.introduce_agent(node, key.public_text, branch)
        waiting = [name for name, needs in late.items() if needs]
        write_node_file(self._company, self._folder, node, waiting, command_keys)
        await self._start_agent(self._agents[node])
        async with asyncio.TaskGroup() as group:
            for site in sites:
                group.create_task(self._bring_up(site, late[site.name], preparation))

    async def _bring_up(self, site: Site, needs: list[str], preparation: Preparation) -> None:
        """A site that has to wait for others is prepared to the end and then started through the agent. A standby is not
        waited for: it serves nobody before it was promoted."""
        is_standby = bool(self._company.kind_of(site).follow)
        if needs:
            for name in needs:
                await self._until_ready(self._company.site(name))
            await preparation.after_ready(site)
            await asyncio.to_thread(
                self._agent_of(site).ask, ask="start", service=site.follower if is_standby else site.name
            )
        if not is_standby:
            await self._until_ready(site)
        if site.name == self._company.open:
            self._say(f"  {site.title.zh} {site.title.en}: {site.url}")

    async def _until_ready(self, site: Site) -> None:
        address, alive = site.url + self._company.kind_of(site).ready, self._company.kind_of(site).alive
        deadline = time.monotonic() + _READY_SECONDS
        while not await asyncio.to_thread(_answers, address):
            if (data_folder(self._folder, site) / FENCE_NAME).exists() and _answers(site.url + alive):
                self._say(f"  {site.name}: another node has taken its place")
                return
            if time.monotonic() > deadline:
                raise DemoFailed(f"{site.name} is not ready after {_READY_SECONDS:.0f} s\n{self._why(site)}")
            trouble = await asyncio.to_thread(self._trouble, site)
            if trouble:
                raise DemoFailed(f"{site.name} {trouble}\n{self._why(site)}")
            await asyncio.sleep(0.15)

    def _trouble(self, site: Site) -> str:
        """Why waiting for a site is no use: it keeps failing. "" while there is hope."""
        with suppress(AgentAway, ValueError):
            state = self._agent_of(site).ask(ask="status")["state"]
            for service in state.get("services", []):
                if service["name"] == site.name and service["state"] in ("crash_loop", "given_up"):
                    return f"keeps failing ({service.get('reason', '')})"
        return ""

    def _why(self, site: Site) -> str:
        from netops.agent.service_log import last_lines

        log = self._folder / "logs" / f"{site.name}.log"
        return "\n".join(f"    {line}" for line in last_lines(log, 15)) + f"\n    (whole log: {log})"

    # The agents

    def _agent_of(self, site: Site) -> NodeAgent:
        return self._agents[site.node or self._company.node]

    async def _start_agent(self, agent: NodeAgent) -> None:
        try:
            await agent.start()
        except AgentFailed as error:
            raise DemoFailed(str(error)) from error

    async def _keep_agents(self) -> None:
        """Until we are told to end. An agent that was killed is replaced; the new one adopts the sites."""
        keeping = asyncio.gather(*map(self._keep, self._agents.values()))
        ending = asyncio.create_task(self._ending.wait())
        await asyncio.wait({keeping, ending}, return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        if keeping.done():
            keeping.result()
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping

    async def _keep(self, agent: NodeAgent) -> None:
        while True:
            assert agent.process is not None
            status = await agent.process.wait()
            if self._ending.is_set():
                return
            self._say(f"The agent of {agent.node} ended with {status}; starting it again.")
            await self._start_agent(agent)

    async def _end(self) -> None:
        """Tells the agents to end their sites, waits, and looks for anything left over."""
        started = [agent for agent in self._agents.values() if agent.process is not None]
        if any(agent.process is not None and agent.process.returncode is None for agent in started):
            self._say("Ending 正在结束")
        await asyncio.gather(*(agent.end() for agent in started))
        await self._lines.close()
        for agent in started:
            agent.kill_strays()

    def _kill_strays(self) -> None:
        for agent in self._agents.values():
            agent.kill_strays()

    def _check_ports(self) -> None:
        """Raises DemoFailed when somebody else listens on one of our ports. Our own sites, still running, do not count."""
        ours = {mark.service for agent in self._agents.values() for mark in agent.strays()}
        import socket

        wanted = [(site, site.port) for site in self._company.sites if site.name not in ours]
        for site, port in [*wanted, *((site, site.line) for site in self._company.sites if site.line)]:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((site.host, port))
                except OSError as error:
                    raise DemoFailed(f"port {port} for {site.name} is taken: {error.strerror}") from error


def _sentences(failure: Exception) -> list[str]:
    """What to print about a failure of one site or of several at once; a defect is raised."""
    if isinstance(failure, ExceptionGroup):
        return [sentence for part in failure.exceptions for sentence in _sentences(part)]
    if not isinstance(failure, StepFailed | DemoFailed):
        raise failure
    return [str(failure)]


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError, ValueError):
        return False


def remaining(folder: Path) -> list[Any]:
    """Marks of site processes of a folder that still run; for tests and for `--reset`."""
    states = [folder / "agent", *sorted((folder / "agents").glob("*"))]
    return [mark for state in states for mark in ProcessDriver(os.fspath(state.resolve())).strays(())]
