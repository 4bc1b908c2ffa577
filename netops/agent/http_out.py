"""The agent's HTTP client: one request per connection, everything bounded in time and size. No pool to go stale:
after a half-open line or a proxy that cut it, the next request simply dials again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import ssl

_LARGEST_ANSWER_BYTES = 4 * 1024 * 1024
_DIAL_SECONDS = 10.0
_BROKEN = (
    OSError,
    TimeoutError,
    ValueError,
    IndexError,
    asyncio.IncompleteReadError,
    asyncio.LimitOverrunError,
)


class LineBroken(Exception):
    """No whole answer came: nothing is known about what the other side did. Try again later."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


class HttpOut:
    """Requests to one server."""

    def __init__(self, url: str, ca_file: str = "") -> None:
        parts = urlsplit(url)
        self._host, self._prefix = parts.hostname or "", parts.path.rstrip("/")
        self._is_tls = parts.scheme == "https"
        self._port = parts.port or (443 if self._is_tls else 80)
        self._authority = parts.netloc.rpartition("@")[2]
        self._tls = _tls_context(ca_file) if self._is_tls else None

    def path(self, path: str) -> str:
        """The target as it is sent and signed."""
        return self._prefix + path

    async def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        timeout_seconds: float = 20.0,
    ) -> Answer:
        """Sends one request to `path` (as `self.path` made it) and reads the whole answer. Raises LineBroken."""
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self._exchange(method, path, headers, body)
        except _BROKEN as error:
            raise LineBroken(str(error) or type(error).__name__) from error

    async def _exchange(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        async with asyncio.timeout(_DIAL_SECONDS):
            reader, writer = await asyncio.open_connection(
                self._host, self._port, ssl=self._tls, limit=64 * 1024
            )
        try:
            lines = [f"{method} {path} HTTP/1.1", f"Host: {self._authority}", "Connection: close"]
            lines += [f"{name}: {value}" for name, value in headers.items()]
            lines += [f"Content-Length: {len(body)}", "", ""]
            writer.write("\r\n".join(lines).encode("ascii") + body)
            await writer.drain()
            return await _read_answer(reader)
        finally:
            writer.close()


async def _read_answer(reader: asyncio.StreamReader) -> Answer:
    status = 100
    while status == 100:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split(" ", 2)[1])
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])
    }
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return Answer(status, headers, await _read_chunks(reader))
    if "content-length" in headers:
        size = int(headers["content-length"])
        if size > _LARGEST_ANSWER_BYTES:
            raise ValueError("the answer is too large")
        return Answer(status, headers, await reader.readexactly(size))
    body = await reader.read(_LARGEST_ANSWER_BYTES + 1)
    if len(body) > _LARGEST_ANSWER_BYTES:
        raise ValueError("the answer is too large")
    return Answer(status, headers, body)


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while True:
        size = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
        if len(body) + size > _LARGEST_ANSWER_BYTES:
            raise ValueError("the answer is too large")
        block = await reader.readexactly(size + 2)
        if size == 0:
            return body
        body += block[:-2]


def _tls_context(ca_file: str) -> ssl.SSLContext:
    """Verifies the server always; with a pin only the pinned authority is believed."""
    import ssl  # see lean.py: an agent without TLS does not carry it

    context = ssl.create_default_context(cafile=ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
