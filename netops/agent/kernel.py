"""What the kernel tells of single processes, read straight from /proc while a fault is dealt with: states and descendants of a handful of
processes, by the fields that identify them beyond doubt; and what they share. Other measuring is psutil's (`collect`).

Never walks the list of all processes. A process that is gone is None, "" or left out.
"""

from __future__ import annotations

import os

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_MOST_DESCENDANTS = 256


def stat_fields(pid: int) -> list[str] | None:
    """Fields of /proc/<pid>/stat after the command name: 0 state, 2 group, 3 session, 11 utime, 12 stime, 17 threads,
    19 start, 21 resident pages. None when it is gone."""
    try:
        text = _content(f"/proc/{pid}/stat")
    except OSError:
        return None
    return text[text.rindex(b")") + 2 :].decode("ascii").split()


def cpu_seconds_of(pid: int) -> float | None:
    """CPU time a process has used; None when it is gone."""
    fields = stat_fields(pid)
    return None if fields is None else (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def state_of(pid: int) -> str:
    """The kernel's letter for a process; "" when it is gone."""
    fields = stat_fields(pid)
    return "" if fields is None else fields[0]


def memory_shares_of(pid: int) -> tuple[int, int] | None:
    """Bytes: a process's share of the anonymous memory it holds, where what n processes share after a fork counts as an n-th for
    each; and what it has mapped besides (programs, files, shared buffers), whole. None where the kernel does not say."""
    try:
        lines = _content(f"/proc/{pid}/smaps_rollup").splitlines()[1:]
    except OSError:
        return None
    found = {name: int(kib) * 1024 for name, kib, *_ in (line.split() for line in lines)}
    if b"Pss_Anon:" not in found:  # before Linux 5.4
        return None
    return found[b"Pss_Anon:"], found[b"Rss:"] - found[b"Anonymous:"]


def descendants_of(pid: int) -> list[int]:
    """The process and its descendants, by the kernel's own lists of children."""
    found = [pid]
    for one in found:
        try:
            found += [int(child) for child in _content(f"/proc/{one}/task/{one}/children").split()]
        except OSError:
            continue
    return found[:_MOST_DESCENDANTS]


def _content(path: str) -> bytes:
    with open(path, "rb", buffering=0) as stream:
        return stream.read()
