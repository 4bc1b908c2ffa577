"""Questions to a service, on sockets that nobody else uses.

Built on bare non-blocking sockets: a probe per second and service must not be what the agent costs. A line that the
service keeps open is used for up to ten questions, then a new one is dialled, so that it is also asked whether *new*
work gets in; after a bad answer always.
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

_HEAD_BYTES = 2048
_QUESTIONS_PER_LINE = 10


class Prober:
    """Asks one probe's question again and again. Addresses are resolved once, at start."""

    def __init__(self, probe: Probe, cwd: str = "") -> None:
        self.probe = probe
        self._cwd = cwd or None
        self._family, self._address, self._request = _target(probe)
        self._line: socket.socket | None = None
        self._questions = 0

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
            self.close()
            return "bad", f"no answer within {timeout_seconds:.2g} s"
        except OSError as error:
            self.close()
            return "bad", error.strerror or str(error)

    def close(self) -> None:
        """Hangs up; the next question dials. Called when an instance has ended."""
        if self._line is not None:
            self._line.close()
            self._line = None

    async def _ask_socket(self) -> tuple[Answer, str]:
        head = b""
        if self._line is not None:
            try:
                head = await self._exchange(self._line)
            except OSError:
                head = b""  # the service hung up in between, which it may
        if not head:
            self.close()
            self._line = socket.socket(self._family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            self._questions = 0
            await asyncio.get_running_loop().sock_connect(self._line, self._address)
            if self.probe.kind == "tcp":
                self.close()
                return "good", ""
            head = await self._exchange(self._line)
        self._questions += 1
        if self._questions >= _QUESTIONS_PER_LINE or not is_whole(head):
            self.close()
        return read_status(head)

    async def _exchange(self, line: socket.socket) -> bytes:
        """The beginning of the answer; empty when the line was closed instead."""
        loop = asyncio.get_running_loop()
        line.send(self._request)  # an idle socket takes these few bytes at once
        head = await loop.sock_recv(line, _HEAD_BYTES)
        while head and b"\r\n" not in head and len(head) < _HEAD_BYTES:
            more = await loop.sock_recv(line, _HEAD_BYTES)
            if not more:
                break
            head += more
        return head


def is_whole(answer: bytes) -> bool:
    """Whether these bytes are one complete HTTP/1.1 answer after which the server keeps the line open."""
    head, separator, body = answer.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:] if b":" in line)
    length = fields.get(b"content-length", b"").strip()
    keeps = answer.startswith(b"HTTP/1.1 ") and b"close" not in fields.get(b"connection", b"")
    return bool(separator) and keeps and length.isdigit() and int(length) == len(body)


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
    request = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUser-Agent: trunkline-agent\r\n\r\n"
    return (*_resolve(parts.hostname or "", parts.port or 80), request.encode("ascii"))


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, tuple[str, int]]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    family, _, _, _, address = found[0]
    return family, (str(address[0]), port)
