"""What the kernel tells of the host and of single processes, read straight from /proc: an agent that measures every five
seconds and asks for states in the middle of a fault must not spend more on parsing than the kernel spends on telling.

Never walks the list of all processes. A file that is not there, or that this user may not read, is an OSError.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_SECTOR_BYTES = 512
_BLOCK_BYTES = 64 * 1024
_MOST_DESCENDANTS = 256


def read_file(path: str) -> bytes:
    """The whole file. Files of /proc come in pieces of a page, whatever was asked for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        content = os.read(descriptor, _BLOCK_BYTES)
        while more := os.read(descriptor, _BLOCK_BYTES):
            content += more
    finally:
        os.close(descriptor)
    return content


# --- one process -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Usage:
    """What one process takes: seconds and bytes since its start, the others as they are now."""

    cpu_seconds: float
    rss_bytes: int
    threads: int
    open_files: int
    read_bytes: int
    written_bytes: int


def stat_fields(pid: int) -> list[str] | None:
    """Fields of /proc/<pid>/stat after the command name: 0 state, 2 group, 3 session, 11 utime, 12 stime, 17 threads,
    19 start, 21 resident pages. None when it is gone."""
    try:
        text = read_file(f"/proc/{pid}/stat")
    except OSError:
        return None
    return text[text.rindex(b")") + 2 :].decode("ascii").split()


def cpu_seconds_of(pid: int) -> float | None:
    """CPU time a process has used; None when it is gone."""
    fields = stat_fields(pid)
    return None if fields is None else _cpu_seconds(fields)


def state_of(pid: int) -> str:
    """The kernel's letter for a process; "" when it is gone."""
    fields = stat_fields(pid)
    return "" if fields is None else fields[0]


def created_us_of(pid: int) -> int | None:
    """When a process began, in microseconds UTC, as ps and psutil reckon it: in whole ticks from a start of the host in whole
    seconds. None when it is gone."""
    fields = stat_fields(pid)
    if fields is None:
        return None
    started = _number(read_file("/proc/stat"), b"\nbtime ")
    return round((started + int(fields[19]) / TICKS_PER_SECOND) * 1_000_000)


def usage_of(pid: int) -> Usage:
    """Raises OSError when the process is gone or may not be looked into."""
    fields = stat_fields(pid)
    if fields is None:
        raise ProcessLookupError(pid)
    traffic = read_file(f"/proc/{pid}/io")
    return Usage(
        cpu_seconds=_cpu_seconds(fields),
        rss_bytes=int(fields[21]) * _PAGE_BYTES,
        threads=int(fields[17]),
        open_files=open_files_of(pid),
        read_bytes=_number(traffic, b"read_bytes:"),
        written_bytes=_number(traffic, b"write_bytes:"),
    )


def open_files_of(pid: int) -> int:
    """How many descriptors a process holds. Raises OSError. Kernels from 6.2 on tell the number as the folder's size."""
    folder = f"/proc/{pid}/fd"
    return os.stat(folder).st_size or len(os.listdir(folder))


def descendants_of(pid: int) -> list[int]:
    """The process and its descendants, by the kernel's own lists of children."""
    found = [pid]
    for one in found:
        try:
            found += [int(child) for child in read_file(f"/proc/{one}/task/{one}/children").split()]
        except OSError:
            continue
    return found[:_MOST_DESCENDANTS]


def _cpu_seconds(fields: list[str]) -> float:
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


# --- the host ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CpuTimes:
    """Seconds of all cores together since the host started."""

    user: float
    """With what ran at low priority."""
    system: float
    """With interrupts."""
    iowait: float
    steal: float


def cpu_times() -> CpuTimes:
    words = read_file("/proc/stat").split(None, 9)
    user, nice, system, _idle, iowait, irq, softirq, steal = (
        int(word) / TICKS_PER_SECOND for word in words[1:9]
    )
    return CpuTimes(user + nice, system + irq + softirq, iowait, steal)


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes; what went to swap and came back, since the host started."""

    total: int
    available: int
    cached: int
    """What can be given back, of files and of the kernel."""
    swap_total: int
    swap_free: int
    swapped_in: int
    swapped_out: int


def memory() -> Memory:
    sizes, events = read_file("/proc/meminfo"), read_file("/proc/vmstat")
    return Memory(
        total=_number(sizes, b"MemTotal:") * 1024,
        available=_number(sizes, b"\nMemAvailable:") * 1024,
        cached=(_number(sizes, b"\nCached:") + _number(sizes, b"\nSReclaimable:")) * 1024,
        swap_total=_number(sizes, b"\nSwapTotal:") * 1024,
        swap_free=_number(sizes, b"\nSwapFree:") * 1024,
        swapped_in=_number(events, b"\npswpin ") * _PAGE_BYTES,
        swapped_out=_number(events, b"\npswpout ") * _PAGE_BYTES,
    )


@dataclass(frozen=True, slots=True)
class DiskTraffic:
    """Of all disks together, since the host started. A partition is part of its disk and not counted again."""

    reads: int
    read_bytes: int
    writes: int
    written_bytes: int


def disk_traffic() -> DiskTraffic:
    reads = read_sectors = writes = written_sectors = 0
    for line in read_file("/proc/diskstats").splitlines():
        fields = line.split(None, 10)
        if _is_disk(fields[2]):
            reads, read_sectors = reads + int(fields[3]), read_sectors + int(fields[5])
            writes, written_sectors = writes + int(fields[7]), written_sectors + int(fields[9])
    return DiskTraffic(reads, read_sectors * _SECTOR_BYTES, writes, written_sectors * _SECTOR_BYTES)


_is_disk_by_name: dict[bytes, bool] = {}


def _is_disk(name: bytes) -> bool:
    """Looked up once for each name: what is a disk stays one."""
    if name not in _is_disk_by_name:
        _is_disk_by_name[name] = os.access(b"/sys/block/" + name.replace(b"/", b"!"), os.F_OK)
    return _is_disk_by_name[name]


@dataclass(frozen=True, slots=True)
class NetworkTraffic:
    """Of all interfaces together, since the host started."""

    received_bytes: int
    sent_bytes: int
    errors: int
    dropped: int


def network_traffic() -> NetworkTraffic:
    received = sent = errors = dropped = 0
    for line in read_file("/proc/net/dev").splitlines()[2:]:
        fields = line.rpartition(b":")[2].split()
        received, sent = received + int(fields[0]), sent + int(fields[8])
        errors += int(fields[2]) + int(fields[10])
        dropped += int(fields[3]) + int(fields[11])
    return NetworkTraffic(received, sent, errors, dropped)


def pressure_ratio(kind: str) -> float | None:
    """Share of the last ten seconds in which some task waited for it; None where the kernel does not tell."""
    try:
        text = read_file(f"/proc/pressure/{kind}")
        return float(text.split(b"avg10=", 1)[1].split(None, 1)[0]) / 100
    except (OSError, IndexError):
        return None


def _number(text: bytes, name: bytes) -> int:
    """The whole number that stands behind `name`. Raises ValueError when it is not there."""
    start = text.index(name) + len(name)
    return int(text[start : start + 24].split(None, 1)[0])
