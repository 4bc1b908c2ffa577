"""Seconds since the host started, and which start that was: the time base of budgets and identities."""

from __future__ import annotations

import time
from pathlib import Path


def boot_seconds() -> float:
    """Seconds since the host's kernel started, suspend included; survives a restart of the agent, ignores clock jumps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def host_boot() -> str:
    """Identity of this run of the host's kernel."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
