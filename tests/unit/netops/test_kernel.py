"""What is read from /proc is what psutil reads there, and a sample has all its values."""

import os
import subprocess
import sys
import time

import psutil
import pytest

from netops.agent import collect, kernel
from netops.agent.collect import HOST_METRICS, SERVICE_METRICS, Collector
from tests.support.agent import until


@pytest.fixture
def child():
    """A process that holds four files and has used some CPU time."""
    code = "import os\nfiles = [open('/dev/null') for _ in range(4)]\nsum(range(3_000_000))\nprint(flush=True)\nos.read(0, 1)"
    with subprocess.Popen(
        [sys.executable, "-S", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        until(lambda: kernel.state_of(process.pid) == "S")
        yield psutil.Process(process.pid)
        process.kill()


def test_a_process_used_the_time_that_psutil_says(child):
    times = child.cpu_times()
    assert kernel.cpu_seconds_of(child.pid) == pytest.approx(times.user + times.system) and times.user > 0
    assert kernel.state_of(child.pid) == "S"


def test_of_a_process_that_is_gone_nothing_is_made_up(child):
    child.kill()
    child.wait()
    assert kernel.stat_fields(child.pid) is None
    assert kernel.cpu_seconds_of(child.pid) is None and kernel.state_of(child.pid) == ""


def test_a_sample_has_a_value_for_every_metric_that_this_host_knows(child, tmp_path):
    collector = Collector(tmp_path)
    collector.sample({"web": [child.pid]}, 0.0)
    time.sleep(0.05)
    host, services = collector.sample({"web": [child.pid]}, 0.25)
    unknown = {name for name, value in host.items() if value is None}
    pressure = {f"{kind}_pressure_ratio" for kind in ("cpu", "memory", "io")}
    assert host.keys() == HOST_METRICS.keys() and unknown <= pressure
    assert services["web"].keys() == SERVICE_METRICS.keys() and None not in services["web"].values()
    assert host["agent_rss_bytes"] == pytest.approx(psutil.Process(os.getpid()).memory_info().rss, rel=0.05)


def test_threads_and_open_files_are_counted_again_when_they_are_half_a_minute_old(
    child, tmp_path, monkeypatch
):
    counts = []
    monkeypatch.setattr(psutil.Process, "num_threads", lambda self: counts.append(self.pid) or len(counts))
    collector, clock = Collector(tmp_path), [1_000.0]
    monkeypatch.setattr(collect.time, "monotonic", lambda: clock[0])

    def threads(*pids):
        return collector.sample({"web": list(pids)}, 0.0)[1]["web"]["threads"]

    assert threads(child.pid) == 1
    clock[0] += collect.COUNT_SECONDS - 5
    assert threads(child.pid) == 1
    assert threads(child.pid, os.getpid()) == 1 + 2, "a process that came since is counted at once"
    clock[0] += 5
    assert threads(child.pid) == 3
    assert counts == [child.pid, os.getpid(), child.pid]


FAMILY = """import os
held = bytes(range(256)) * (80 * 4096)
if (child := os.fork()) == 0:
    os.read(0, 1)
    os._exit(0)
print(child, flush=True)
os.read(0, 1)
os.kill(child, 9)
"""


def test_what_processes_share_after_a_fork_is_memory_of_their_service_once(tmp_path, monkeypatch):
    mib = 1024 * 1024
    with subprocess.Popen(
        [sys.executable, "-S", "-c", FAMILY], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        family = [parent.pid, int(parent.stdout.readline())]

        def memory(*pids):
            return Collector(tmp_path).sample({"web": list(pids)}, 0.0)[1]["web"]["rss_bytes"]

        alone = [memory(pid) for pid in family]
        assert min(alone) > 80 * mib
        assert max(alone) < memory(*family) < max(alone) + 10 * mib
        monkeypatch.setattr(kernel, "memory_shares_of", lambda _pid: None)
        assert memory(*family) == sum(alone), "where the kernel does not say"
        parent.stdin.close()


def test_of_a_process_that_is_gone_no_share_is_made_up(child):
    assert kernel.memory_shares_of(child.pid)[0] > 0
    child.kill()
    child.wait()
    assert kernel.memory_shares_of(child.pid) is None
