"""Runs a short command of the node file (a probe, throttle, a named action) and tells how it ended. Never a shell."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence


class CommandFailed(Exception):
    """What was ordered was right but could not be carried out here. `code` is for what the center has words of its own for."""

    def __init__(self, words: str, code: str = "command.failed") -> None:
        super().__init__(words)
        self.code = code


_LARGEST_OUTPUT_BYTES = 16 * 1024


async def run_command(
    command: Sequence[str],
    *,
    timeout_seconds: float,
    cwd: str | None = None,
    env: Mapping[str, str] | None = None,
    keep_output: bool = False,
) -> tuple[int, str]:
    """Exit status (negative: ended by that signal; 124: ran out of time and was killed with its group) and the last
    16 KiB of output if kept. Raises OSError when it cannot be started."""
    output = os.memfd_create("output") if keep_output else -1
    try:
        child = subprocess.Popen(
            list(command),
            cwd=cwd,
            env=None if env is None else {**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=output if keep_output else subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        status = await _wait(child, timeout_seconds)
        return status, _tail(output) if keep_output else ""
    finally:
        if output >= 0:
            os.close(output)


async def _wait(child: subprocess.Popen[bytes], timeout_seconds: float) -> int:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    pidfd = os.pidfd_open(child.pid)
    loop.add_reader(pidfd, ended.set)
    try:
        async with asyncio.timeout(timeout_seconds):
            await ended.wait()
        return child.wait()
    except TimeoutError:
        return 124
    finally:
        loop.remove_reader(pidfd)
        os.close(pidfd)
        if child.returncode is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _tail(descriptor: int) -> str:
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, _LARGEST_OUTPUT_BYTES, max(0, size - _LARGEST_OUTPUT_BYTES)).decode(
        errors="replace"
    )
