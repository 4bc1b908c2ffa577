"""Questions to a service, each on a socket of its own: nothing is pooled, so an answer says that *new* work gets in.

Built on bare non-blocking sockets: a probe per second and service must not be what the agent costs.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Literal
from urllib.parse import urlsplit

from netops.agent.run_command import run_command
from netops.agent.settings import Probe

Answer = Literal["good", "busy", "bad"]
"""busy: alive, but refuses work for now (503). bad: wrong answer or none."""

_HEAD_BYTES = 1024


class Prober:
    """Asks one probe's question again and again. Addresses are resolved once, at start."""

    def __init__(self, probe: Probe, cwd: str = "") -> None:
        self.probe = probe
        self._cwd = cwd or None
        self._family, self._address, self._request = _target(probe)

    async def ask(self, timeout_seconds: float) -> tuple[Answer, str]:
        """The answer and, when it is not good, why. Never raises; takes at most `timeout_seconds`."""
        try:
            if self.probe.kind == "command":
                status, _ = await run_command(
                    self.probe.command, timeout_seconds=timeout_seconds, cwd=self._cwd
                )
                return ("good", "") if status == 0 else ("bad", f"exit {status}")
            async with asyncio.timeout(timeout_seconds):
                return await self._ask_socket()
        except TimeoutError:
            return "bad", f"no answer within {timeout_seconds:.1f} s"
        except OSError as error:
            return "bad", error.strerror or str(error)

    async def _ask_socket(self) -> tuple[Answer, str]:
        loop = asyncio.get_running_loop()
        with socket.socket(self._family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as line:
            await loop.sock_connect(line, self._address)
            if self.probe.kind == "tcp":
                return "good", ""
            line.send(self._request)  # a fresh socket takes these few bytes at once
            head = await loop.sock_recv(line, _HEAD_BYTES)
            while head and b"\r\n" not in head and len(head) < _HEAD_BYTES:
                more = await loop.sock_recv(line, _HEAD_BYTES)
                if not more:
                    break
                head += more
        return read_status(head)


def read_status(head: bytes) -> tuple[Answer, str]:
    """What the first line of an HTTP answer means."""
    parts = head.split(b" ", 2)
    if len(parts) < 2 or not parts[0].startswith(b"HTTP/1.") or not parts[1][:3].isdigit():
        return "bad", "no HTTP answer"
    status = int(parts[1][:3])
    if status == 503:
        return "busy", "HTTP 503"
    return ("good", "") if status < 500 else ("bad", f"HTTP {status}")


def _target(probe: Probe) -> tuple[socket.AddressFamily, tuple[str, int], bytes]:
    if probe.kind == "command":
        return socket.AF_INET, ("", 0), b""
    if probe.kind == "tcp":
        host, _, port = probe.address.rpartition(":")
        return (*_resolve(host.strip("[]"), int(port)), b"")
    parts = urlsplit(probe.url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    request = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUser-Agent: trunkline-agent\r\nConnection: close\r\n\r\n"
    return (*_resolve(parts.hostname or "", parts.port or 80), request.encode("ascii"))


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, tuple[str, int]]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    family, _, _, _, address = found[0]
    return family, (str(address[0]), port)
