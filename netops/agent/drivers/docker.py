"""Services that are containers: the Docker (or Podman) engine by aiodocker. The instance is a container and its start.

Docker restarts a container that exits, if told to, but never one that is unhealthy: the driver ends that one, and the
supervisor starts it again. Let the agent have the say: run containers with restart policy "no".
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import aiodocker
import aiohttp

from netops.agent.drivers import Exit
from netops.agent.drivers.remote import Away, Status
from netops.agent.settings import Limits, Service

T = TypeVar("T")

_CALL_SECONDS = 30.0


class Docker:
    """A Control. The engine is found by DOCKER_HOST, else at its usual socket."""

    kind = "docker"
    every_seconds = 2.0

    def __init__(self) -> None:
        self._engine: aiodocker.Docker | None = None
        self._changes: dict[str, asyncio.Event] = {}
        self._listening: asyncio.Task[None] | None = None

    @property
    def _docker(self) -> aiodocker.Docker:
        if self._engine is None:
            try:
                self._engine = aiodocker.Docker()
            except ValueError as error:
                raise Away(f"no Docker engine: {error}") from error
        return self._engine

    async def _ask(self, work: Awaitable[T], seconds: float = _CALL_SECONDS) -> T:
        try:
            async with asyncio.timeout(seconds):
                return await work
        except aiodocker.DockerError as error:
            if error.status >= 500 or error.status == 900:
                raise Away(f"Docker: {error.message}") from error
            raise OSError(f"Docker: {error.message}") from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Away(f"Docker does not answer: {error or type(error).__name__}") from error

    def knows(self, service: Service) -> None:
        pass

    async def status(self, name: str) -> Status:
        if self._listening is None or self._listening.done():
            self._listening = asyncio.create_task(self._listen(), name="docker events")
        state = (await self._ask(self._docker.containers.get(name)))["State"]
        if state["Running"] and not state.get("Paused"):
            is_unhealthy = (state.get("Health") or {}).get("Status") == "unhealthy"
            return Status(
                f"{name}@{state['StartedAt']}", int(state.get("Pid") or 0), is_unhealthy=is_unhealthy
            )
        if state["Status"] == "created":
            return Status()
        note = "killed for its memory" if state.get("OOMKilled") else ""
        return Status(exit=Exit(code=int(state["ExitCode"]), note=note))

    async def _listen(self) -> None:
        """Every event of a container wakes whoever waits for it. Ends with the connection; the next question listens again."""
        subscriber = self._docker.events.subscribe()  # type: ignore[no-untyped-call]
        while (event := await subscriber.get()) is not None:
            name = (event.get("Actor") or {}).get("Attributes", {}).get("name", "")
            if name in self._changes:
                self._changes[name].set()

    async def start(self, name: str, service: Service) -> None:
        await self._ask(self._docker.containers.container(name).start())

    async def stop(self, name: str, grace_seconds: float) -> None:
        container = self._docker.containers.container(name)
        await self._ask(container.stop(t=max(1, round(grace_seconds))), grace_seconds + _CALL_SECONDS)

    async def restart(self, name: str, grace_seconds: float) -> None:
        container = self._docker.containers.container(name)
        await self._ask(
            container.restart(timeout=max(1, round(grace_seconds))), grace_seconds + _CALL_SECONDS
        )

    async def kill(self, name: str) -> None:
        await self._ask(self._docker.containers.container(name).kill(signal="SIGKILL"))

    async def limit(self, name: str, limits: Limits) -> str:
        content = {
            "Memory": limits.memory_bytes,
            "MemorySwap": -1,
            "NanoCpus": limits.cpu_percent * 10_000_000,
        }
        await self._ask(self._docker._query_json(f"containers/{name}/update", method="POST", data=content))
        return "memory and CPU by Docker" if limits != Limits() else "limits lifted"

    async def drain(self, name: str, *, release: bool) -> str:
        return ""

    async def changed(self, name: str, seconds: float) -> None:
        event = self._changes.setdefault(name, asyncio.Event())
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            pass
        event.clear()

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
        if self._engine is not None:
            await self._engine.close()
