"""CPU and memory limits by control groups, version 2 where mounted writable, else version 1. Absent ones are no error."""

from __future__ import annotations

import os
from pathlib import Path

from netops.agent.settings import Limits

_PERIOD_US = 100_000


class ControlGroups:
    """One group per service, named after the agent's scope. Groups are made when the first limit is set."""

    def __init__(self, scope: str, root: Path = Path("/sys/fs/cgroup")) -> None:
        self._root = root
        self._name = "trunkline-" + "".join(c if c.isalnum() else "-" for c in scope)[-40:]

    def apply(self, service: str, pids: list[int], limits: Limits) -> str:
        """Puts the processes under the limits; what was applied, in words, or "" when groups cannot be used here."""
        try:
            if (self._root / "cgroup.controllers").exists():
                return self._apply_unified(service, pids, limits)
            return self._apply_classic(service, pids, limits)
        except OSError:
            return ""

    def _apply_unified(self, service: str, pids: list[int], limits: Limits) -> str:
        parent = self._root / self._name
        group = parent / service
        group.mkdir(parents=True, exist_ok=True)
        for folder in (self._root, parent):
            (folder / "cgroup.subtree_control").write_text("+cpu +memory")
        quota = str(limits.cpu_percent * _PERIOD_US // 100) if limits.cpu_percent else "max"
        (group / "cpu.max").write_text(f"{quota} {_PERIOD_US}")
        (group / "memory.max").write_text(str(limits.memory_bytes or "max"))
        _move(group, pids)
        return _words(limits)

    def _apply_classic(self, service: str, pids: list[int], limits: Limits) -> str:
        cpu, memory = (self._root / kind / self._name / service for kind in ("cpu", "memory"))
        for group in (cpu, memory):
            if not os.access(group.parent.parent, os.W_OK) or not (group.parent.parent / "tasks").exists():
                return ""
            group.mkdir(parents=True, exist_ok=True)
        quota = limits.cpu_percent * _PERIOD_US // 100 if limits.cpu_percent else -1
        (cpu / "cpu.cfs_period_us").write_text(str(_PERIOD_US))
        (cpu / "cpu.cfs_quota_us").write_text(str(quota))
        (memory / "memory.limit_in_bytes").write_text(str(limits.memory_bytes or -1))
        for group in (cpu, memory):
            _move(group, pids)
        return _words(limits)

    def remove(self) -> None:
        """Removes the empty groups of this agent. Groups that still have processes stay."""
        for root in (self._root, self._root / "cpu", self._root / "memory"):
            parent = root / self._name
            if not parent.is_dir():
                continue
            for group in [entry for entry in parent.iterdir() if entry.is_dir()] + [parent]:
                try:
                    group.rmdir()
                except OSError:
                    continue


def _move(group: Path, pids: list[int]) -> None:
    for pid in pids:
        try:
            (group / "cgroup.procs").write_text(str(pid))
        except ProcessLookupError:
            continue


def _words(limits: Limits) -> str:
    parts = []
    if limits.cpu_percent:
        parts.append(f"CPU {limits.cpu_percent} %")
    if limits.memory_bytes:
        parts.append(f"memory {limits.memory_bytes} bytes")
    return (" and ".join(parts) + " by control group") if parts else "limits lifted"
