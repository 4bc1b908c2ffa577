"""Services that are deployments of a Kubernetes cluster, by kubernetes-asyncio. The instance is the deployment's revision.

A restart is a rollout restart, so that the new pods are ready before the old ones go; start and stop scale. With a
`kubernetes_node` in the node file, drain cordons that node and evicts its pods.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable
from typing import Any, TypeVar

import aiohttp
from kubernetes_asyncio import client, config

from netops.agent.drivers import Exit
from netops.agent.drivers.remote import Away, Status
from netops.agent.settings import Limits, Service
from shared.clock import now

T = TypeVar("T")

_REVISION = "deployment.kubernetes.io/revision"
_RESTARTED = "kubectl.kubernetes.io/restartedAt"
_CALL_SECONDS = 30.0
_ROLLOUT_SECONDS = 600.0


class Kubernetes:
    """A Control. The cluster is found by KUBECONFIG, else from inside a pod."""

    kind = "kubernetes"
    every_seconds = 2.0

    def __init__(self) -> None:
        self._api: client.ApiClient | None = None
        self._nodes: dict[str, str] = {}

    async def _connected(self) -> client.ApiClient:
        if self._api is None:
            settings = client.Configuration()
            try:
                if os.environ.get("KUBECONFIG"):
                    await config.load_kube_config(client_configuration=settings)
                else:
                    config.load_incluster_config(client_configuration=settings)  # type: ignore[no-untyped-call]
            except config.ConfigException as error:
                raise Away(f"no cluster: {error}") from error
            self._api = client.ApiClient(settings)
        return self._api

    async def _apps(self) -> client.AppsV1Api:
        return client.AppsV1Api(await self._connected())

    async def _core(self) -> client.CoreV1Api:
        return client.CoreV1Api(await self._connected())

    async def _ask(self, work: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(_CALL_SECONDS):
                return await work
        except client.ApiException as error:
            if error.status >= 500 or error.status == 0:
                raise Away(f"Kubernetes: {error.status} {error.reason}") from error
            raise OSError(f"Kubernetes: {error.status} {error.reason}") from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Away(f"Kubernetes does not answer: {error or type(error).__name__}") from error

    async def _deployment(self, name: str) -> Any:
        namespace, _, deployment = name.rpartition("/")
        return await self._ask(
            (await self._apps()).read_namespaced_deployment(deployment, namespace or "default")
        )

    def knows(self, service: Service) -> None:
        self._nodes[service.target] = service.kubernetes_node

    async def status(self, name: str) -> Status:
        found = await self._deployment(name)
        revision = (found.metadata.annotations or {}).get(_REVISION, "")
        if found.spec.replicas and (found.status.available_replicas or 0) > 0:
            return Status(f"{name}@{revision}")
        return Status() if found.spec.replicas else Status(exit=Exit(note="scaled to nothing"))

    async def _patch(self, name: str, content: dict[str, Any]) -> None:
        namespace, _, deployment = name.rpartition("/")
        apps = await self._apps()
        await self._ask(apps.patch_namespaced_deployment(deployment, namespace or "default", content))

    async def start(self, name: str, service: Service) -> None:
        await self._patch(name, {"spec": {"replicas": service.replicas}})

    async def stop(self, name: str, grace_seconds: float) -> None:
        await self._patch(name, {"spec": {"replicas": 0}})

    async def restart(self, name: str, grace_seconds: float) -> None:
        """Returns when the rollout is complete. Raises OSError when it is not within ten minutes."""
        annotations = {_RESTARTED: now().isoformat()}
        await self._patch(name, {"spec": {"template": {"metadata": {"annotations": annotations}}}})
        deadline = asyncio.get_running_loop().time() + _ROLLOUT_SECONDS
        while not is_rolled_out(await self._deployment(name)):
            if asyncio.get_running_loop().time() > deadline:
                raise OSError(f"the rollout of {name} is not complete after {_ROLLOUT_SECONDS:.0f} s")
            await asyncio.sleep(0.2)

    async def kill(self, name: str) -> None:
        """Its pods are deleted without grace, and nothing is started in their place until the next start."""
        await self._patch(name, {"spec": {"replicas": 0}})
        found = await self._deployment(name)
        labels = found.spec.selector.match_labels or {}
        core, selector = await self._core(), ",".join(f"{key}={value}" for key, value in labels.items())
        await self._ask(
            core.delete_collection_namespaced_pod(
                found.metadata.namespace, label_selector=selector, grace_period_seconds=0
            )
        )

    async def limit(self, name: str, limits: Limits) -> str:
        """Of every container of the pods; it comes with a rollout of its own."""
        found = await self._deployment(name)
        amounts = {
            "memory": str(limits.memory_bytes) if limits.memory_bytes else None,
            "cpu": f"{limits.cpu_percent * 10}m" if limits.cpu_percent else None,
        }
        containers = [
            {"name": container.name, "resources": {"limits": amounts}}
            for container in found.spec.template.spec.containers
        ]
        await self._patch(name, {"spec": {"template": {"spec": {"containers": containers}}}})
        return "memory and CPU by Kubernetes" if limits != Limits() else "limits lifted"

    async def drain(self, name: str, *, release: bool) -> str:
        """Cordon the node and evict its pods, those of daemon sets excepted; or uncordon it."""
        node = self._nodes.get(name, "")
        if not node:
            return ""
        core = await self._core()
        await self._ask(core.patch_node(node, {"spec": {"unschedulable": not release}}))
        if release:
            return f"uncordoned {node}"
        pods = await self._ask(core.list_pod_for_all_namespaces(field_selector=f"spec.nodeName={node}"))
        movable = [pod for pod in pods.items if not _is_of_daemon_set(pod)]
        for pod in movable:
            place = client.V1ObjectMeta(name=pod.metadata.name, namespace=pod.metadata.namespace)
            eviction = client.V1Eviction(metadata=place)
            await self._ask(
                core.create_namespaced_pod_eviction(pod.metadata.name, pod.metadata.namespace, eviction)
            )
        return f"cordoned {node}, evicted {len(movable)} pods"

    async def changed(self, name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def close(self) -> None:
        if self._api is not None:
            await self._api.close()


def is_rolled_out(deployment: Any) -> bool:
    """Whether every wanted pod is of the newest revision and available, and none of an older one is left. Pure."""
    status, wanted = deployment.status, deployment.spec.replicas or 0
    return bool(
        (status.observed_generation or 0) >= deployment.metadata.generation
        and (status.updated_replicas or 0) == wanted
        and (status.replicas or 0) == wanted
        and (status.available_replicas or 0) == wanted
    )


def _is_of_daemon_set(pod: Any) -> bool:
    return any(owner.kind == "DaemonSet" for owner in pod.metadata.owner_references or ())
