"""Runs a service as a process group of its own: new session, output to a file, end seen through a pidfd.

The output goes straight to the file, not through a pipe of ours, so that a service neither blocks on nor dies with the
agent. Every process of a service carries TRUNKLINE_INSTANCE in its environment, so that one started in the instant
before the agent was killed is found even when the journal does not know it.
"""

from __future__ import annotations

import asyncio
import os
import resource
import secrets
import signal
import subprocess
from collections.abc import Iterable
from pathlib import Path

from netops.agent import events
from netops.agent.drivers import Exit, Instance, Mark
from netops.agent.drivers.cgroups import ControlGroups
from netops.agent.kernel import cpu_seconds_of, descendants_of, stat_fields, state_of
from netops.agent.settings import Limits, Service

MARK_VARIABLE = "TRUNKLINE_INSTANCE"


class ProcessInstance:
    """One process group. Made by ProcessDriver only."""

    def __init__(self, mark: Mark, pidfd: int, is_child: bool) -> None:
        self.mark = mark
        self.exited: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self._pidfd = pidfd
        self._is_child = is_child
        asyncio.get_running_loop().add_reader(pidfd, self._ended)

    def _ended(self) -> None:
        """The pidfd is readable: the main process has ended.

        1. KILL what is left of the group. A child of ours is still a zombie here, so its number cannot have been given
           to somebody else. For an adopted one the number could be used again between its end and this line, after the
           kernel has gone once round all pids: accepted. 2. Reap, which frees the number.
        """
        asyncio.get_running_loop().remove_reader(self._pidfd)
        self._signal_group(signal.SIGKILL)
        outcome = Exit()
        if self._is_child:
            found = os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED)
            if found is not None and found.si_code == os.CLD_EXITED:
                outcome = Exit(code=found.si_status)
            elif found is not None:
                outcome = Exit(signal=found.si_status)
        os.close(self._pidfd)
        self._pidfd = -1
        if not self.exited.done():
            self.exited.set_result(outcome)

    def send(self, number: signal.Signals) -> None:
        """To the main process only; harmless when it is gone."""
        if self._pidfd >= 0:
            try:
                signal.pidfd_send_signal(self._pidfd, number)
            except ProcessLookupError:
                pass

    def kill_group(self) -> None:
        if self._pidfd >= 0:
            self._signal_group(signal.SIGKILL)

    def _signal_group(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.mark.pid, number)
        except (ProcessLookupError, PermissionError):
            pass

    def cpu_seconds(self) -> float | None:
        return cpu_seconds_of(self.mark.pid)

    def state(self) -> str:
        return state_of(self.mark.pid)


class ProcessDriver:
    """The driver for plain processes. `scope` keeps two agents on one host from adopting each other's services."""

    def __init__(self, scope: str, groups: ControlGroups | None = None) -> None:
        self._scope = scope
        self._groups = groups or ControlGroups(scope)

    async def start(self, service: Service, log: Path) -> ProcessInstance:
        """vfork and exec: about a millisecond. The log file is opened append-only, so it may be cut while in use."""
        name = secrets.token_hex(8)
        environment = {**os.environ, **service.env, MARK_VARIABLE: f"{self._scope}/{service.name}/{name}"}
        output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            child = subprocess.Popen(
                service.command,
                cwd=service.cwd or None,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        finally:
            os.close(output)
        child.returncode = 0  # reaped through the pidfd; keeps Popen from waiting for the pid by itself
        try:
            instance = self._instance_of(service, name, child.pid)
        except BaseException:
            _end_unknown(child.pid)
            raise
        if service.limits != Limits():
            try:
                await self.set_limits(instance, service.limits)
            except OSError as error:
                events.warning("service runs without its limits", service=service.name, error=str(error))
        return instance

    def _instance_of(self, service: Service, name: str, pid: int) -> ProcessInstance:
        pidfd = os.pidfd_open(pid)
        try:
            fields = stat_fields(pid)
            mark = Mark(service.name, name, pid, int(fields[19]) if fields else 0)
            return ProcessInstance(mark, pidfd, is_child=True)
        except BaseException:
            os.close(pidfd)
            raise

    def adopt(self, service: Service, mark: Mark) -> ProcessInstance | None:
        try:
            pidfd = os.pidfd_open(mark.pid)
        except OSError:
            return None
        fields = stat_fields(mark.pid)  # read after the pidfd is held: it is that process or none
        if fields is None or int(fields[19]) != mark.created_ticks or fields[0] == "Z":
            os.close(pidfd)
            return None
        return ProcessInstance(mark, pidfd, is_child=False)

    def runs_command(self, mark: Mark, service: Service) -> bool:
        """Whether a stray is the service itself, and not something that it started in a session of its own."""
        try:
            words = Path(f"/proc/{mark.pid}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
        except OSError:
            return False
        arguments = service.command[1:]
        return service.command[0] in words and (not arguments or words[-len(arguments) :] == arguments)

    def strays(self, known: Iterable[int]) -> list[Mark]:
        """Marks of session leaders that our services are or left behind and that the journal does not know. Looks at
        every process: once per start."""
        known_pids = set(known)
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit() or int(entry) in known_pids:
                continue
            fields = stat_fields(int(entry))
            if fields is None or fields[3] != entry or fields[0] == "Z":  # only leaders of a session
                continue
            value = _environment_value(int(entry), MARK_VARIABLE)
            parts = value.rsplit("/", 2)
            if len(parts) == 3 and parts[0] == self._scope:
                found.append(Mark(parts[1], parts[2], int(entry), int(fields[19])))
        return found

    async def stop(self, instance: Instance, grace_seconds: float, *, for_restart: bool = False) -> Exit:
        assert isinstance(instance, ProcessInstance)
        instance.send(signal.SIGTERM)
        instance.send(signal.SIGCONT)
        try:
            async with asyncio.timeout(grace_seconds):
                return await asyncio.shield(instance.exited)
        except TimeoutError:
            instance.kill_group()
            return await asyncio.shield(instance.exited)

    def kill(self, instance: Instance) -> None:
        assert isinstance(instance, ProcessInstance)
        instance.kill_group()

    async def drain(self, instance: Instance, *, release: bool) -> str:
        return ""

    async def set_limits(self, instance: Instance, limits: Limits) -> str:
        """Control groups cover the whole service; without them rlimits cover the main process and what it starts later."""
        pids = self.members(instance)
        if limits.open_files:
            _set_rlimit(pids, resource.RLIMIT_NOFILE, limits.open_files)
        applied = self._groups.apply(instance.mark.service, pids, limits)
        if applied:
            return applied
        if limits.memory_bytes:
            _set_rlimit(pids, resource.RLIMIT_DATA, limits.memory_bytes)
            applied = "memory by rlimit"
        if limits.cpu_percent:
            raise OSError("CPU cannot be limited here: no writable control groups")
        return applied or "limits lifted"

    def members(self, instance: Instance) -> list[int]:
        return descendants_of(instance.mark.pid)


def _end_unknown(pid: int) -> None:
    """A child that could not be taken into care must not live on unwatched."""
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def _set_rlimit(pids: list[int], which: int, amount: int) -> None:
    for pid in pids:
        try:
            _, hard = resource.prlimit(pid, which)
            resource.prlimit(
                pid, which, (amount, hard if hard == resource.RLIM_INFINITY else max(hard, amount))
            )
        except ProcessLookupError:
            continue


def _environment_value(pid: int, variable: str) -> str:
    try:
        with open(f"/proc/{pid}/environ", "rb") as stream:
            content = stream.read()
    except OSError:
        return ""
    start = variable.encode() + b"="
    for entry in content.split(b"\0"):
        if entry.startswith(start):
            return entry[len(start) :].decode(errors="replace")
    return ""
