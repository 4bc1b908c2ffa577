"""Small fakes of our own: the HTTP API of a Docker engine on a unix socket, and the part of Kubernetes' API that is used.

Containers are real `sleep` processes, so that pids and ends are true; deployments are numbers that change as a controller's would.
"""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web


class FakeDocker:
    """Engine with one container `web`. `health` is what its health check says."""

    def __init__(self) -> None:
        self.child: asyncio.subprocess.Process | None = None
        self.started_at, self.health, self.exit_code = "", "healthy", 0
        self.limits: dict[str, Any] = {}
        self.events: asyncio.Queue[bytes] = asyncio.Queue()
        self.starts = 0

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/{version}/version", self.version)
        app.router.add_get("/version", self.version)
        app.router.add_get("/{version}/events", self.stream)
        app.router.add_get("/{version}/containers/web/json", self.show)
        app.router.add_get("/{version}/containers/{name}/json", self.unknown)
        for verb in ("start", "stop", "restart", "kill", "update"):
            app.router.add_post(f"/{{version}}/containers/web/{verb}", getattr(self, verb))
        return app

    async def version(self, _request: web.Request) -> web.Response:
        return web.json_response({"ApiVersion": "1.43"})

    async def unknown(self, request: web.Request) -> web.Response:
        return web.json_response({"message": f"No such container: {request.match_info['name']}"}, status=404)

    async def show(self, _request: web.Request) -> web.Response:
        is_running = self.child is not None and self.child.returncode is None
        state = {
            "Status": "running" if is_running else "exited" if self.starts else "created",
            "Running": is_running,
            "Pid": self.child.pid if is_running and self.child else 0,
            "ExitCode": self.exit_code,
            "StartedAt": self.started_at,
            "Health": {"Status": self.health},
        }
        return web.json_response({"Id": "c0ffee", "Name": "/web", "State": state})

    async def start(self, _request: web.Request | None = None) -> web.Response:
        self.child = await asyncio.create_subprocess_exec("sleep", "1000")
        self.started_at, self.health = datetime.now(UTC).isoformat(), "healthy"
        self.starts += 1
        asyncio.create_task(self.wait(self.child))
        return web.Response(status=204)

    async def wait(self, child: asyncio.subprocess.Process) -> None:
        status = await child.wait()
        self.exit_code = status if status >= 0 else 128 - status
        self.tell("die")

    def tell(self, action: str) -> None:
        actor = {"Attributes": {"name": "web"}}
        event = {
            "Type": "container",
            "Action": action,
            "Actor": actor,
            "id": "c0ffee",
            "time": 1,
            "status": action,
        }
        self.events.put_nowait(json.dumps(event).encode() + b"\n")

    async def stop(self, _request: web.Request | None = None) -> web.Response:
        if self.child is not None and self.child.returncode is None:
            self.child.send_signal(signal.SIGTERM)
            await self.child.wait()
        return web.Response(status=204)

    async def restart(self, _request: web.Request) -> web.Response:
        await self.stop()
        return await self.start()

    async def kill(self, _request: web.Request) -> web.Response:
        if self.child is None or self.child.returncode is not None:
            return web.json_response({"message": "is not running"}, status=409)
        self.child.kill()
        return web.Response(status=204)

    async def update(self, request: web.Request) -> web.Response:
        self.limits = await request.json()
        return web.json_response({"Warnings": None})

    async def stream(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "application/json"})
        await answer.prepare(request)
        while True:
            await answer.write(await self.events.get())

    async def end(self) -> None:
        await self.stop()


class FakeCluster:
    """One deployment shop/web with two pods on node n1, one of a daemon set there, too."""

    def __init__(self) -> None:
        self.replicas, self.revision, self.generation = 0, 1, 1
        self.annotations: dict[str, str] = {}
        self.limits: Any = None
        self.unschedulable = False
        self.evicted: list[str] = []
        self.pods_gone = asyncio.Event()
        self.rolling = 0

    def app(self) -> web.Application:
        app = web.Application()
        where = "/apis/apps/v1/namespaces/shop/deployments/web"
        app.router.add_get(where, self.show)
        app.router.add_patch(where, self.patch)
        app.router.add_patch("/api/v1/nodes/n1", self.patch_node)
        app.router.add_get("/api/v1/pods", self.pods)
        app.router.add_post("/api/v1/namespaces/shop/pods/{pod}/eviction", self.evict)
        app.router.add_delete("/api/v1/namespaces/shop/pods", self.delete)
        return app

    async def show(self, _request: web.Request) -> web.Response:
        self.rolling = max(0, self.rolling - 1)
        fresh = self.replicas if not self.rolling else self.replicas - 1
        metadata = {
            "name": "web", "namespace": "shop", "generation": self.generation, "uid": "u1",
            "annotations": {"deployment.kubernetes.io/revision": str(self.revision)},
        }  # fmt: skip
        containers = [{"name": "web", "image": "web"}]
        spec = {
            "replicas": self.replicas, "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers}},
        }  # fmt: skip
        status = {
            "observedGeneration": self.generation, "replicas": self.replicas, "availableReplicas": self.replicas,
            "updatedReplicas": fresh,
        }  # fmt: skip
        return web.json_response(
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": metadata,
                "spec": spec,
                "status": status,
            }
        )

    async def patch(self, request: web.Request) -> web.Response:
        spec = (await request.json())["spec"]
        self.generation += 1
        self.replicas = spec.get("replicas", self.replicas)
        template = spec.get("template", {})
        if "metadata" in template:
            self.annotations = template["metadata"]["annotations"]
            self.revision, self.rolling = self.revision + 1, 3
        if "spec" in template:
            self.limits = template["spec"]["containers"][0]["resources"]["limits"]
        return await self.show(request)

    async def patch_node(self, request: web.Request) -> web.Response:
        self.unschedulable = (await request.json())["spec"]["unschedulable"]
        return web.json_response({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}})

    async def pods(self, request: web.Request) -> web.Response:
        assert request.query["fieldSelector"] == "spec.nodeName=n1"
        owners = {"web-1": "ReplicaSet", "web-2": "ReplicaSet", "logs-1": "DaemonSet"}
        items = [
            {
                "metadata": {
                    "name": name, "namespace": "shop",
                    "ownerReferences": [{"apiVersion": "apps/v1", "kind": kind, "name": "o", "uid": "u"}],
                },
            }
            for name, kind in owners.items()
        ]  # fmt: skip
        return web.json_response({"apiVersion": "v1", "kind": "PodList", "metadata": {}, "items": items})

    async def evict(self, request: web.Request) -> web.Response:
        self.evicted.append(request.match_info["pod"])
        return web.json_response({"apiVersion": "v1", "kind": "Status", "status": "Success"})

    async def delete(self, _request: web.Request) -> web.Response:
        self.pods_gone.set()
        return web.json_response({"apiVersion": "v1", "kind": "Status", "status": "Success"})


@asynccontextmanager
async def served(app: web.Application, *, socket: Path | None = None) -> AsyncIterator[str]:
    """The fake on a unix socket, or on a port of its own: its url."""
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site: web.BaseSite
    if socket is not None:
        site = web.UnixSite(runner, str(socket))
    else:
        site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = "" if socket else runner.addresses[0][1]
        yield f"unix://{socket}" if socket else f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()
