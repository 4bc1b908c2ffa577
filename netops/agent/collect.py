"""Measures the host, the services and the agent itself: about sixty values in about a millisecond.

Only known process ids are read; the list of all processes or connections is never walked (ten times the cost).
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

from netops.agent import kernel
from netops.agent.site_metrics import UNITS as SITE_UNITS

HOST_METRICS: Mapping[str, str] = {
    "cpu_ratio": "ratio",
    "cpu_user_ratio": "ratio",
    "cpu_system_ratio": "ratio",
    "cpu_iowait_ratio": "ratio",
    "cpu_steal_ratio": "ratio",
    "cpu_count": "count",
    "load_1": "count",
    "load_5": "count",
    "load_15": "count",
    "tasks_running": "count",
    "tasks": "count",
    "cpu_pressure_ratio": "ratio",
    "memory_pressure_ratio": "ratio",
    "io_pressure_ratio": "ratio",
    "memory_total_bytes": "bytes",
    "memory_available_bytes": "bytes",
    "memory_used_ratio": "ratio",
    "memory_cached_bytes": "bytes",
    "swap_total_bytes": "bytes",
    "swap_used_bytes": "bytes",
    "swap_in_bytes_per_second": "bytes_per_second",
    "swap_out_bytes_per_second": "bytes_per_second",
    "disk_total_bytes": "bytes",
    "disk_free_bytes": "bytes",
    "disk_used_ratio": "ratio",
    "disk_files_used_ratio": "ratio",
    "disk_read_bytes_per_second": "bytes_per_second",
    "disk_written_bytes_per_second": "bytes_per_second",
    "disk_reads_per_second": "count_per_second",
    "disk_writes_per_second": "count_per_second",
    "network_received_bytes_per_second": "bytes_per_second",
    "network_sent_bytes_per_second": "bytes_per_second",
    "network_errors_per_second": "count_per_second",
    "network_dropped_per_second": "count_per_second",
    "sockets_used": "count",
    "open_files": "count",
    "uptime_seconds": "seconds",
    "agent_cpu_ratio": "ratio",
    "agent_rss_bytes": "bytes",
    "agent_open_files": "count",
    "agent_lag_seconds": "seconds",
    "agent_sample_seconds": "seconds",
}
"""Values of the host and of the agent, with their units. Ratios are 0 to 1, cpu_ratio over all cores."""

SERVICE_METRICS: Mapping[str, str] = {
    "cpu_ratio": "ratio",
    "rss_bytes": "bytes",
    "threads": "count",
    "open_files": "count",
    "processes": "count",
    "read_bytes_per_second": "bytes_per_second",
    "written_bytes_per_second": "bytes_per_second",
}
"""Values of one service, all its processes together; sent as service.<name>.<metric>. cpu_ratio 1.0 is one core; memory that
its processes share is in rss_bytes once."""

COUNT_SECONDS = 30.0


def metric_units(services: list[str]) -> dict[str, str]:
    """Every metric this agent may send, with its unit."""
    units = dict(HOST_METRICS)
    for service in services:
        units.update({f"service.{service}.{name}": unit for name, unit in SERVICE_METRICS.items()})
        units[f"service.{service}.is_ready"] = "ratio"
        units.update({f"service.{service}.{name}": unit for name, unit in SITE_UNITS.items()})
    return units


Values = dict[str, float | None]


class Collector:
    """Remembers the counters of the last sample to make rates of them; the first sample has no rates."""

    def __init__(self, disk_path: Path) -> None:
        self._disk_path = disk_path
        self._own = psutil.Process()
        self._before: dict[str, float] = {}
        self._now: dict[str, float] = {}
        self._elapsed = 0.0
        self._at = 0.0
        self._processes: dict[int, psutil.Process] = {}
        self._counted: dict[int, tuple[float, int, int]] = {}
        """Per process: when its threads and open files were counted (time.monotonic), and how many there were."""
        self._shared: dict[str, tuple[float, list[int], int]] = {}
        """Per service of several processes: when it was looked at, which they were, and the bytes that they counted more than once."""

    def sample(
        self, services: Mapping[str, list[int]], lag_seconds: float
    ) -> tuple[Values, dict[str, Values]]:
        """Values of the host, and of each service given with its process ids. A value that cannot be read is None."""
        began = time.monotonic()
        self._elapsed, self._at = began - self._at, began
        self._before, self._now = self._now, {}
        values: Values = dict.fromkeys(HOST_METRICS)
        for part in (self._cpu, self._pressure, self._memory, self._disk, self._network, self._itself):
            try:
                values.update(part())
            except (OSError, psutil.Error, ValueError, AttributeError):
                continue
        wanted = {pid for pids in services.values() for pid in pids}
        self._processes = {pid: process for pid, process in self._processes.items() if pid in wanted}
        self._counted = {pid: counted for pid, counted in self._counted.items() if pid in self._processes}
        measured = {name: self._service(name, pids) for name, pids in services.items()}
        values["agent_lag_seconds"] = lag_seconds
        values["agent_sample_seconds"] = time.monotonic() - began
        return values, measured

    def _rate(self, name: str, counter: float) -> float | None:
        """Growth per second since the last sample; None at first and when the counter was reset."""
        self._now[name] = counter
        before = self._before.get(name)
        if before is None or counter < before or self._elapsed <= 0:
            return None
        return (counter - before) / self._elapsed

    def _cpu(self) -> Values:
        times = psutil.cpu_times()
        cores = os.cpu_count() or 1
        busy = sum(times[:8]) - times.idle - times.iowait
        load = Path("/proc/loadavg").read_text(encoding="ascii").split()
        running, _, tasks = load[3].partition("/")
        return {
            "cpu_ratio": self._share("cpu", busy, cores),
            "cpu_user_ratio": self._share("user", times.user + times.nice, cores),
            "cpu_system_ratio": self._share("system", times.system + times.irq + times.softirq, cores),
            "cpu_iowait_ratio": self._share("iowait", times.iowait, cores),
            "cpu_steal_ratio": self._share("steal", times.steal, cores),
            "cpu_count": float(cores),
            "load_1": float(load[0]),
            "load_5": float(load[1]),
            "load_15": float(load[2]),
            "tasks_running": float(running),
            "tasks": float(tasks),
            "uptime_seconds": time.clock_gettime(time.CLOCK_BOOTTIME),
        }

    def _share(self, name: str, seconds: float, cores: int) -> float | None:
        rate = self._rate(name, seconds)
        return None if rate is None else min(1.0, rate / cores)

    def _pressure(self) -> Values:
        return {f"{kind}_pressure_ratio": _pressure_of(kind) for kind in ("cpu", "memory", "io")}

    def _memory(self) -> Values:
        memory, swap = psutil.virtual_memory(), psutil.swap_memory()
        return {
            "memory_total_bytes": memory.total,
            "memory_available_bytes": memory.available,
            "memory_used_ratio": 1 - memory.available / memory.total,
            "memory_cached_bytes": memory.cached,
            "swap_total_bytes": swap.total,
            "swap_used_bytes": swap.used,
            "swap_in_bytes_per_second": self._rate("swap in", swap.sin),
            "swap_out_bytes_per_second": self._rate("swap out", swap.sout),
        }

    def _disk(self) -> Values:
        space = os.statvfs(self._disk_path)
        total, free = space.f_blocks * space.f_frsize, space.f_bavail * space.f_frsize
        values: Values = {
            "disk_total_bytes": total,
            "disk_free_bytes": free,
            "disk_used_ratio": 1 - free / total if total else None,
            "disk_files_used_ratio": 1 - space.f_favail / space.f_files if space.f_files else None,
        }
        traffic = psutil.disk_io_counters(nowrap=False)
        if traffic is not None:
            values["disk_read_bytes_per_second"] = self._rate("disk read", traffic.read_bytes)
            values["disk_written_bytes_per_second"] = self._rate("disk written", traffic.write_bytes)
            values["disk_reads_per_second"] = self._rate("disk reads", traffic.read_count)
            values["disk_writes_per_second"] = self._rate("disk writes", traffic.write_count)
        return values

    def _network(self) -> Values:
        traffic = psutil.net_io_counters(nowrap=False)
        sockets = Path("/proc/net/sockstat").read_text(encoding="ascii").split(None, 3)[2]
        return {
            "network_received_bytes_per_second": self._rate("received", traffic.bytes_recv),
            "network_sent_bytes_per_second": self._rate("sent", traffic.bytes_sent),
            "network_errors_per_second": self._rate("net errors", traffic.errin + traffic.errout),
            "network_dropped_per_second": self._rate("net dropped", traffic.dropin + traffic.dropout),
            "sockets_used": float(sockets),
            "open_files": float(Path("/proc/sys/fs/file-nr").read_text(encoding="ascii").split()[0]),
        }

    def _itself(self) -> Values:
        with self._own.oneshot():
            times = self._own.cpu_times()
            return {
                "agent_cpu_ratio": self._rate("own cpu", times.user + times.system),
                "agent_rss_bytes": self._own.memory_info().rss,
                "agent_open_files": float(self._own.num_fds()),
            }

    def _service(self, name: str, pids: list[int]) -> Values:
        """Sums over the processes of a service. A process that ended between two reads is left out."""
        if not pids:
            return dict.fromkeys(SERVICE_METRICS)
        cpu: list[float | None] = []
        read: list[float | None] = []
        written: list[float | None] = []
        sizes: list[int] = []
        threads = files = count = 0
        for pid in pids:
            try:
                process = self._processes.get(pid) or self._processes.setdefault(pid, psutil.Process(pid))
                with process.oneshot():
                    times, traffic = process.cpu_times(), process.io_counters()
                    own_rss = process.memory_info().rss
                    own_threads, own_files = self._count(pid, process)
            except (psutil.Error, OSError):
                self._processes.pop(pid, None)
                continue
            sizes.append(own_rss)
            threads, files = threads + own_threads, files + own_files
            count += 1
            key = f"{name} {pid}"
            cpu.append(self._rate(key + " cpu", times.user + times.system))
            read.append(self._rate(key + " read", traffic.read_bytes))
            written.append(self._rate(key + " written", traffic.write_bytes))
        return {
            "cpu_ratio": _sum(cpu),
            "rss_bytes": sum(sizes) - self._counted_twice(name, pids, sizes),
            "threads": threads,
            "open_files": files,
            "processes": count,
            "read_bytes_per_second": _sum(read),
            "written_bytes_per_second": _sum(written),
        }

    def _counted_twice(self, name: str, pids: list[int], sizes: list[int]) -> int:
        """Bytes that a service's processes share (after a fork, or as buffers) and each of them counts as its own; at most
        COUNT_SECONDS old, since the kernel walks through all of their memory for it."""
        if len(sizes) < 2:
            return 0
        at, before, found = self._shared.get(name, (0.0, [], 0))
        if before != pids or self._at - at >= COUNT_SECONDS:
            shares = [kernel.memory_shares_of(pid) for pid in pids]
            known = [share for share in shares if share is not None]
            once = sum(anonymous for anonymous, _ in known) + max((mapped for _, mapped in known), default=0)
            found = max(sum(sizes) - once, 0) if len(known) == len(sizes) else 0
            self._shared[name] = self._at, list(pids), found
        return found

    def _count(self, pid: int, process: psutil.Process) -> tuple[int, int]:
        """Threads and open files of a process, at most COUNT_SECONDS old: counting them is half of what a process takes."""
        counted = self._counted.get(pid)
        if counted is None or self._at - counted[0] >= COUNT_SECONDS:
            counted = self._counted[pid] = self._at, process.num_threads(), process.num_fds()
        return counted[1:]


def _sum(parts: list[float | None]) -> float | None:
    known = [part for part in parts if part is not None]
    return sum(known) if known else None


def _pressure_of(kind: str) -> float | None:
    """Share of the last ten seconds in which some task waited for it; None where the kernel does not tell."""
    try:
        with open(f"/proc/pressure/{kind}", encoding="ascii") as stream:
            return float(stream.readline().split("avg10=", 1)[1].split(None, 1)[0]) / 100
    except (OSError, IndexError):
        return None
