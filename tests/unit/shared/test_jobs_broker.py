"""The embedded broker: one per folder, alive exactly as long as its site, replaced when it is of no use."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from shared.jobs import BrokerError, EmbeddedBroker
from shared.jobs import broker as broker_module
from shared.jobs.queue import connect


@pytest.fixture
async def broker(short_path):
    embedded = EmbeddedBroker(short_path)
    yield embedded
    await embedded.stop()


async def ask(url: str, *command: str):
    client = connect(url)
    try:
        return await client.execute_command(*command)
    finally:
        await client.aclose(close_connection_pool=True)


async def ended(pid: int) -> bool:
    """Whether a process is gone (or a zombie that nobody has waited for) within five seconds."""
    for _ in range(250):
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        await asyncio.sleep(0.02)
    return False


async def test_it_listens_on_a_private_unix_socket_only(broker):
    await broker.ensure()
    assert broker.socket.stat().st_mode & 0o077 == 0
    assert not psutil.Process(broker.pid).net_connections(kind="inet")
    assert await ask(broker.url, "CONFIG", "GET", "maxmemory-policy") == [b"maxmemory-policy", b"noeviction"]
    assert await ask(broker.url, "CONFIG", "GET", "appendonly") == [b"appendonly", b"yes"]


async def test_asking_again_changes_nothing(broker):
    await broker.ensure()
    pid = broker.pid
    await asyncio.gather(*(broker.ensure() for _ in range(5)))
    assert broker.pid == pid
    assert broker.restarts == 0


async def test_a_killed_broker_comes_back_with_its_data(broker):
    await broker.ensure()
    await ask(broker.url, "SET", "kept", "yes")
    os.kill(broker.pid, signal.SIGKILL)
    assert await ended(broker.pid or 0)
    await broker.ensure()
    assert broker.restarts == 1
    assert await ask(broker.url, "GET", "kept") == b"yes"


async def test_a_second_process_of_the_site_adopts_it_and_leaves_it_alone(broker, short_path):
    await broker.ensure()
    other = EmbeddedBroker(short_path)
    await other.ensure()
    assert other.pid is None
    await other.stop()
    assert await ask(broker.url, "PING") is True


async def test_two_that_start_at_once_get_one_broker(short_path):
    brokers = [EmbeddedBroker(short_path) for _ in range(4)]
    await asyncio.gather(*(one.ensure() for one in brokers))
    assert len([one for one in brokers if one.pid]) == 1
    for one in brokers:
        await one.stop()


async def test_a_hung_broker_is_replaced(broker, short_path, monkeypatch):
    monkeypatch.setattr(broker_module, "SILENT_SECONDS", 0.2)
    await broker.ensure()
    hung = broker.pid
    os.kill(hung, signal.SIGSTOP)
    other = EmbeddedBroker(short_path)
    await other.ensure()
    assert other.pid
    assert await ended(hung)
    await other.stop()


async def test_a_damaged_log_of_jobs_is_set_aside(broker):
    await broker.ensure()
    for number in range(50):
        await ask(broker.url, "SET", f"key{number}", "x" * 50)
    os.kill(broker.pid, signal.SIGKILL)
    log_of_jobs = next((broker.folder / "appendonlydir").glob("*.incr.aof"))
    content = log_of_jobs.read_bytes()
    log_of_jobs.write_bytes(content[:400] + b"garbage" + content[430:])
    await broker.ensure()
    assert await ask(broker.url, "PING") is True
    assert len(list(broker.folder.glob("appendonlydir.damaged-*"))) == 1


async def test_a_half_written_last_job_does_not_stop_it(broker):
    await broker.ensure()
    await ask(broker.url, "SET", "first", "1")
    os.kill(broker.pid, signal.SIGKILL)
    log_of_jobs = next((broker.folder / "appendonlydir").glob("*.incr.aof"))
    log_of_jobs.write_bytes(log_of_jobs.read_bytes() + b"*3\r\n$3\r\nSET\r\n$6\r\nsec")
    await broker.ensure()
    assert await ask(broker.url, "GET", "first") == b"1"


async def test_a_broker_that_cannot_run_says_why(broker, monkeypatch):
    monkeypatch.setattr(broker_module, "_configuration", lambda folder, socket: "no-such-setting yes\n")
    with pytest.raises(BrokerError, match="no-such-setting"):
        await broker.ensure()


async def test_a_long_path_gets_its_socket_elsewhere(short_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short_path))
    deep = short_path / ("branch-of-a-company-with-a-long-name/" * 4)
    embedded = EmbeddedBroker(deep)
    assert len(os.fsencode(embedded.socket)) < 104
    await embedded.ensure()
    assert await ask(embedded.url, "PING") is True
    await embedded.stop()
    (short_path / f"trunkline-{os.getuid()}").chmod(0o755)
    with pytest.raises(BrokerError, match="alone"):
        EmbeddedBroker(deep)


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
async def test_no_orphan_is_left_when_the_site_is_killed(short_path):
    script = (
        "import asyncio, sys; from pathlib import Path; from shared.jobs import EmbeddedBroker\n"
        "async def main():\n"
        "    broker = EmbeddedBroker(Path(sys.argv[1])); await broker.ensure(); print(broker.pid, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    site = subprocess.Popen(
        [sys.executable, "-c", script, str(short_path)], stdout=subprocess.PIPE, cwd=Path.cwd(), text=True
    )
    assert site.stdout is not None
    pid = int(site.stdout.readline())
    assert psutil.pid_exists(pid)
    site.kill()
    site.wait()
    site.stdout.close()
    assert await ended(pid)
