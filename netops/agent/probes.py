"""Questions to a service, on sockets that nobody else uses.

Built on bare non-blocking sockets: a probe per second and service must not be what the agent costs. A line that the
service keeps open is used for up to ten questions, then a new one is dialled, so that it is also asked whether *new*
work gets in; after a bad answer always. A question is sent right behind the dialling, which on one machine is done by
then, and each wait is one future and one timer: asyncio's own socket calls and time-outs cost twice as much. Of many
that are asked at the same second the answers are looked for together, a moment later: most are there then, and the loop
has been woken once, not once for each.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Literal
from urllib.parse import urlsplit

from netops.agent.run_command import run_command
from netops.agent.settings import Probe

Answer = Literal["good", "busy", "bad"]
"""busy: alive, but refuses work for now (503). bad: wrong answer or none."""
Moment = Callable[[], Awaitable[None]]
"""Returns a little later, for all who wait for it together."""

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
        self._is_waiting = False

    async def ask(self, timeout_seconds: float, moment: Moment | None = None) -> tuple[Answer, str]:
        """The answer and, when it is not good, why. Never raises; takes at most `timeout_seconds`. With `moment` an answer is
        looked for after it and only waited for when it is not there yet."""
        try:
            if self.probe.kind == "command":
                status, _ = await run_command(
                    self.probe.command, timeout_seconds=timeout_seconds, cwd=self._cwd
                )
                return ("good", "") if status == 0 else ("bad", f"exit {status}")
            return await self._ask_socket(time.monotonic() + timeout_seconds, moment)
        except TimeoutError:
            self.close()
            return "bad", f"no answer within {timeout_seconds:.2g} s"
        except OSError as error:
            self.close()
            return "bad", error.strerror or str(error)

    def close(self) -> None:
        """Hangs up; the next question dials. Called when an instance has ended, also in the middle of a question: then the
        number of the line is given back before anybody else can have it."""
        if self._line is not None:
            if self._is_waiting:
                asyncio.get_running_loop().remove_reader(self._line.fileno())
                self._is_waiting = False
            self._line.close()
            self._line = None

    async def _ask_socket(self, deadline: float, moment: Moment | None) -> tuple[Answer, str]:
        """Raises TimeoutError at the deadline (time.monotonic), OSError for a line that breaks."""
        head = b""
        if self._line is not None:
            try:
                self._line.send(self._request)  # an idle socket takes these few bytes at once
                head = await self._answer_on(self._line, deadline, moment)
            except TimeoutError:
                raise
            except OSError:
                head = b""  # the service hung up in between, which it may
        if not head:
            self.close()
            self._line = socket.socket(self._family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            self._questions = 0
            if self.probe.kind == "tcp":
                await _dial(self._line, self._address, deadline)
                self.close()
                return "good", ""
            if (code := self._line.connect_ex(self._address)) not in (0, errno.EINPROGRESS):
                raise OSError(code, os.strerror(code))
            try:
                self._line.send(self._request)
            except BlockingIOError:  # not there yet, as on a longer way
                await _dial(self._line, self._address, deadline)
                self._line.send(self._request)
            head = await self._answer_on(self._line, deadline, moment)
        self._questions += 1
        if self._questions >= _QUESTIONS_PER_LINE or not is_whole(head):
            self.close()
        return read_status(head)

    async def _answer_on(self, line: socket.socket, deadline: float, moment: Moment | None) -> bytes:
        """The beginning of the answer; empty when the line was closed instead. Raises TimeoutError, OSError."""
        head = b""
        while b"\r\n" not in head and len(head) < _HEAD_BYTES:
            if moment is None:
                await self._readable(line.fileno(), deadline - time.monotonic())
            else:
                await moment()
                moment = None
            try:
                more = line.recv(_HEAD_BYTES)
            except BlockingIOError:
                continue
            if not more:
                break
            head += more
        return head

    async def _readable(self, descriptor: int, seconds: float) -> None:
        """Returns when there is something to read, or the line has ended. Raises TimeoutError. By its number: of a socket the
        selector writes out a description each time that it does not know it yet, a sixth of a probe."""
        loop = asyncio.get_running_loop()
        has_come: asyncio.Future[bool] = loop.create_future()
        ends = loop.call_later(seconds, _settle, has_come, False)
        loop.add_reader(descriptor, _settle, has_come, True)
        self._is_waiting = True
        try:
            if not await has_come:
                raise TimeoutError
        finally:
            ends.cancel()
            if self._is_waiting:
                loop.remove_reader(descriptor)
                self._is_waiting = False


async def _dial(line: socket.socket, address: tuple[str, int], deadline: float) -> None:
    """Returns when the line is there. Raises TimeoutError, OSError."""
    async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
        await asyncio.get_running_loop().sock_connect(line, address)


def _settle(future: asyncio.Future[bool], outcome: bool) -> None:
    if not future.done():
        future.set_result(outcome)


def is_whole(answer: bytes) -> bool:
    """Whether these bytes are one complete HTTP/1.1 answer after which the server keeps the line open."""
    head, separator, body = answer.partition(b"\r\n\r\n")
    if not separator or not head.startswith(b"HTTP/1.1 "):
        return False
    fields = head.lower() + b"\r\n"
    length = _field_of(fields, b"content-length")
    return length.isdigit() and int(length) == len(body) and b"close" not in _field_of(fields, b"connection")


def _field_of(fields: bytes, name: bytes) -> bytes:
    """A field of the head in lower case; empty when it is not there."""
    _, found, rest = fields.partition(b"\r\n" + name + b":")
    return rest.partition(b"\r\n")[0].strip() if found else b""


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
