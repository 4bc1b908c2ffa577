"""Services run by systemd, Docker and Kubernetes: the same promises, against a real bus with a stub manager and our own fakes."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys

import pytest
import yaml

from netops.agent.drivers import Exit, Mark
from netops.agent.drivers.choose import Drivers
from netops.agent.drivers.process import ProcessDriver
from netops.agent.drivers.remote import RemoteDriver
from netops.agent.settings import Limits, NodeFileError, Service, read_node_file
from tests.support.agent import RunningAgent, until
from tests.support.fake_engines import FakeCluster, FakeDocker, served
from tests.support.services import missing
from tests.support.stub_systemd import private_systemd

MEGABYTES = Limits(memory_bytes=64 * 1024 * 1024, cpu_percent=50)


async def ended(instance, seconds=10.0):
    async with asyncio.timeout(seconds):
        return await asyncio.shield(instance.exited)


@pytest.fixture(scope="module")
def bus(tmp_path_factory):
    if shutil.which("dbus-daemon") is None:
        missing("dbus-daemon is not installed (apt-get install dbus)")
    units = {"web.service": "sleep 1000", "fails.service": "sh -c 'exit 3'"}
    with private_systemd(tmp_path_factory.mktemp("bus"), units) as address:
        yield address


@pytest.fixture
async def systemd(bus, monkeypatch):
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus)
    from netops.agent.drivers.systemd import Systemd

    driver = RemoteDriver(Systemd())
    yield driver
    await driver.close()


async def test_systemd_starts_watches_limits_and_stops_a_unit(systemd, tmp_path):
    service = Service(name="web", driver="systemd", unit="web.service")
    instance = await systemd.start(service, tmp_path / "log")
    assert instance.mark.pid and instance.state() in ("S", "R", "D") and instance.cpu_seconds() is not None
    assert await systemd.set_limits(instance, MEGABYTES) == "memory and CPU by systemd"
    assert (await systemd.control._properties("web.service"))["MemoryMax"] == MEGABYTES.memory_bytes
    os.kill(instance.mark.pid, signal.SIGKILL)
    assert await ended(instance) == Exit(signal=signal.SIGKILL)
    again = await systemd.start(service, tmp_path / "log")
    assert again.mark.instance != instance.mark.instance
    assert (await systemd.stop(again, 5.0)).signal == signal.SIGTERM


async def test_systemd_replaces_a_unit_and_an_adopted_one_is_known_by_its_invocation(systemd, tmp_path):
    service = Service(name="web", driver="systemd", unit="web.service")
    first = await systemd.start(service, tmp_path / "log")
    adopted = systemd.adopt(service, first.mark)
    exit = await systemd.stop(adopted, 5.0, for_restart=True)
    assert exit in (Exit(note="replaced"), Exit(signal=signal.SIGTERM))
    second = await systemd.start(service, tmp_path / "log")
    stranger = systemd.adopt(service, first.mark)
    assert await ended(stranger) == Exit(note="replaced")
    systemd.kill(second)
    assert (await ended(second)).signal == signal.SIGKILL


async def test_what_systemd_cannot_start_is_said(systemd, tmp_path):
    how = ""
    try:
        seen = await systemd.start(
            Service(name="f", driver="systemd", unit="fails.service"), tmp_path / "log"
        )
        how = str(await ended(seen))
    except OSError as error:
        how = str(error)
    assert how.endswith("exit 3")
    with pytest.raises(OSError, match=r"nowhere.service"):
        await systemd.start(Service(name="n", driver="systemd", unit="nowhere.service"), tmp_path / "log")


def test_an_agent_heals_a_unit_and_adopts_it_after_its_own_crash(bus, tmp_path, monkeypatch):
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus)
    text = '[[services]]\nname = "web"\ndriver = "systemd"\nunit = "web.service"\nstable_seconds = 0.1\n'
    with RunningAgent(tmp_path, text + "restart = { good_seconds = 0.1 }\n") as agent:
        first = agent.until_state("web", "running")
        until(lambda: agent.service("web")["starts_in_window"] <= 1)
        os.kill(first["pid"], signal.SIGKILL)
        second = until(lambda: (now := agent.service("web"))["pid"] not in (0, first["pid"]) and now)
        until(lambda: agent.ask("recoveries"))
        agent.kill()
        agent.start()
        third = agent.until_state("web", "running")
        assert third["instance"] == second["instance"]
        assert any(one["exit"] == "signal SIGKILL" for one in agent.ask("recoveries"))


@pytest.fixture
async def engine(tmp_path, monkeypatch):
    fake = FakeDocker()
    async with served(fake.app(), socket=tmp_path / "docker.sock") as url:
        monkeypatch.setenv("DOCKER_HOST", url)
        yield fake
        await fake.end()


@pytest.fixture
async def docker(engine):
    from netops.agent.drivers.docker import Docker

    driver = RemoteDriver(Docker())
    yield driver
    await driver.close()


async def test_docker_starts_watches_limits_replaces_and_stops_a_container(docker, engine, tmp_path):
    service = Service(name="web", driver="docker", container="web", limits=MEGABYTES)
    instance = await docker.start(service, tmp_path / "log")
    assert engine.limits == {"Memory": MEGABYTES.memory_bytes, "MemorySwap": -1, "NanoCpus": 500_000_000}
    assert docker.members(instance)[0] == engine.child.pid
    os.kill(instance.mark.pid, signal.SIGKILL)
    assert await ended(instance) == Exit(code=137)
    again = await docker.start(service, tmp_path / "log")
    exit = await docker.stop(again, 2.0, for_restart=True)
    assert exit in (Exit(note="replaced"), Exit(code=128 + signal.SIGTERM))
    last = await docker.start(service, tmp_path / "log")
    assert (await docker.stop(last, 2.0)).code == 128 + signal.SIGTERM
    assert engine.starts == 3


async def test_an_unhealthy_container_is_ended_by_the_driver_because_docker_does_not(
    docker, engine, tmp_path
):
    instance = await docker.start(Service(name="web", driver="docker", container="web"), tmp_path / "log")
    engine.health = "unhealthy"
    engine.tell("health_status: unhealthy")
    assert await ended(instance) == Exit(note="unhealthy")
    assert engine.child.returncode is not None


async def test_while_the_engine_is_away_nothing_is_concluded(docker, engine, tmp_path, monkeypatch):
    instance = await docker.start(Service(name="web", driver="docker", container="web"), tmp_path / "log")

    async def away(_name):
        raise OSError("away")

    real = docker.control.status
    monkeypatch.setattr(docker.control, "status", away)
    engine.tell("die")
    await asyncio.sleep(0.1)
    assert not instance.exited.done()
    monkeypatch.setattr(docker.control, "status", real)
    with pytest.raises(OSError, match="No such container"):
        await docker.start(Service(name="x", driver="docker", container="nowhere"), tmp_path / "log")


@pytest.fixture
async def cluster(tmp_path, monkeypatch):
    fake = FakeCluster()
    async with served(fake.app()) as url:
        named = [{"name": "test", "cluster": {"server": url}}]
        context = {"name": "test", "context": {"cluster": "test", "user": "test"}}
        text = {
            "apiVersion": "v1", "kind": "Config", "current-context": "test", "clusters": named,
            "contexts": [context], "users": [{"name": "test", "user": {"token": "t"}}],
        }  # fmt: skip
        (tmp_path / "kubeconfig").write_text(yaml.safe_dump(text))
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
        yield fake


async def test_kubernetes_scales_rolls_out_limits_cordons_and_drains(cluster, tmp_path):
    from netops.agent.drivers.kubernetes import Kubernetes

    control = Kubernetes()
    control.every_seconds = 0.05
    driver = RemoteDriver(control)
    service = Service(
        name="web", driver="kubernetes", deployment="shop/web", replicas=2, kubernetes_node="n1"
    )
    try:
        instance = await driver.start(service, tmp_path / "log")
        assert (cluster.replicas, instance.mark.instance, driver.members(instance)) == (2, "shop/web@1", [])
        assert await driver.stop(instance, 5.0, for_restart=True) == Exit(note="replaced")
        assert "kubectl.kubernetes.io/restartedAt" in cluster.annotations and cluster.replicas == 2
        fresh = await driver.start(service, tmp_path / "log")
        assert fresh.mark.instance == "shop/web@2"
        assert await driver.drain(fresh, release=False) == "cordoned n1, evicted 2 pods"
        assert (cluster.unschedulable, cluster.evicted) == (True, ["web-1", "web-2"])
        assert await driver.drain(fresh, release=True) == "uncordoned n1"
        assert not cluster.unschedulable
        assert await driver.set_limits(fresh, MEGABYTES) == "memory and CPU by Kubernetes"
        assert cluster.limits == {"memory": str(MEGABYTES.memory_bytes), "cpu": "500m"}
        assert await driver.stop(fresh, 5.0) == Exit(note="scaled to nothing")
        last = await driver.start(service, tmp_path / "log")
        driver.kill(last)
        assert await ended(last) == Exit(note="scaled to nothing")
        async with asyncio.timeout(5):
            await cluster.pods_gone.wait()
    finally:
        await driver.close()


async def test_an_instance_of_another_driver_is_not_adopted(tmp_path):
    drivers = Drivers(ProcessDriver(str(tmp_path)))
    mark = Mark("web", "i", 1, 0, "docker")
    assert drivers.adopt(Service(name="web", command=["true"]), mark) is None


@pytest.mark.parametrize("driver", ["process", "systemd", "docker", "kubernetes"])
def test_a_service_without_what_its_driver_runs_is_refused(driver, tmp_path):
    path = tmp_path / "node.toml"
    path.write_text(f'node = "T"\n[[services]]\nname = "web"\ndriver = "{driver}"\n')
    with pytest.raises(NodeFileError, match=f"driver {driver}"):
        read_node_file(path)


def test_an_agent_of_plain_processes_carries_no_driver_library():
    code = "import netops.agent.loop, netops.agent.uplink, sys; print([m for m in ('dbus_fast', 'aiodocker', 'aiohttp', 'kubernetes_asyncio') if m in sys.modules])"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "[]"
    )
