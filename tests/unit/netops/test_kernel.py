"""What is read from /proc is what psutil reads there."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from netops.agent import kernel
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


def test_a_process_uses_what_psutil_says(child):
    usage, times, traffic = kernel.usage_of(child.pid), child.cpu_times(), child.io_counters()
    assert usage.cpu_seconds == pytest.approx(times.user + times.system) and usage.cpu_seconds > 0
    assert usage.rss_bytes == pytest.approx(child.memory_info().rss, rel=0.05)
    assert (usage.threads, usage.open_files) == (child.num_threads(), child.num_fds())
    assert (usage.read_bytes, usage.written_bytes) == (traffic.read_bytes, traffic.write_bytes)
    assert kernel.created_us_of(child.pid) == round(child.create_time() * 1_000_000)
    assert kernel.cpu_seconds_of(child.pid) == usage.cpu_seconds and kernel.state_of(child.pid) == "S"


def test_of_a_process_that_is_gone_nothing_is_made_up(child):
    child.kill()
    child.wait()
    assert kernel.stat_fields(child.pid) is None and kernel.created_us_of(child.pid) is None
    assert kernel.cpu_seconds_of(child.pid) is None and kernel.state_of(child.pid) == ""
    with pytest.raises(ProcessLookupError):
        kernel.usage_of(child.pid)


def test_the_host_is_as_psutil_sees_it():
    times, seen = kernel.cpu_times(), psutil.cpu_times()
    assert times.user == pytest.approx(seen.user + seen.nice, abs=1.0)
    assert times.system == pytest.approx(seen.system + seen.irq + seen.softirq, abs=1.0)
    assert (times.iowait, times.steal) == pytest.approx((seen.iowait, seen.steal), abs=1.0)
    memory, seen, swap = kernel.memory(), psutil.virtual_memory(), psutil.swap_memory()
    assert (memory.total, memory.swap_total, memory.swap_free) == (seen.total, swap.total, swap.free)
    assert (memory.available, memory.cached) == pytest.approx((seen.available, seen.cached), rel=0.05)
    assert (memory.swapped_in, memory.swapped_out) == (swap.sin, swap.sout)


def test_traffic_counts_each_disk_once_and_every_interface():
    seen = psutil.disk_io_counters(nowrap=False)
    disks = kernel.disk_traffic()
    assert disks.reads == pytest.approx(seen.read_count, rel=0.01)
    assert disks.written_bytes == pytest.approx(seen.write_bytes, rel=0.01)
    seen = psutil.net_io_counters(nowrap=False)
    network = kernel.network_traffic()
    assert network.received_bytes == pytest.approx(seen.bytes_recv, rel=0.01)
    assert (network.errors, network.dropped) == (seen.errin + seen.errout, seen.dropin + seen.dropout)


def test_a_file_of_several_pages_is_read_to_its_end():
    """/proc hands these out a page at a time; the last event counted stands near the end."""
    assert kernel.read_file("/proc/vmstat").count(b"\n") == Path("/proc/vmstat").read_bytes().count(b"\n")


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
