"""A small load generator: clients that keep their connection and send one request after the other, in one process.

It parses no more of an answer than it must, so that it takes little of the machine that the server also runs on.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class Refused(Exception):
    """The server answered with another status than expected."""


class Client:
    """One keep-alive connection that sends the same headers with every request."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(
        self, method: str, path: str, headers: Mapping[str, str], body: Any = None, wanted: int = 200
    ) -> bytes:
        """The answer's body. Refused for another status than `wanted`."""
        if self.streams is None:
            self.streams = await asyncio.open_connection("127.0.0.1", self.port, limit=2**20)
        reader, writer = self.streams
        sent = b"" if body is None else json.dumps(body).encode()
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += (
            ["Content-Type: application/json", f"Content-Length: {len(sent)}"] if method == "POST" else []
        )
        writer.write("\r\n".join([*lines, "", ""]).encode() + sent)
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        found = await read_body(reader, head.lower())
        if status != wanted:
            raise Refused(f"{method} {path}: {status} {found[:300]!r}")
        return found

    async def close(self) -> None:
        if self.streams is not None:
            self.streams[1].close()
            self.streams = None


async def read_body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    """The body by its length, or piece by piece."""
    if b"transfer-encoding: chunked" in head:
        parts = []
        while size := int(await reader.readline(), 16):
            parts.append(await reader.readexactly(size))
            await reader.readexactly(2)
        await reader.readexactly(2)
        return b"".join(parts)
    _, _, rest = head.partition(b"content-length:")
    return await reader.readexactly(int(rest.split(b"\r\n", 1)[0])) if rest else b""


@dataclass(frozen=True)
class Load:
    """What an operation reached: how often per second, and milliseconds at the middle and at 95 of 100."""

    count: int
    rate: float
    p50: float
    p95: float
    errors: int
    last_error: str


Operation = Callable[[Client, int], Awaitable[object]]


async def run(operation: Operation, clients: Sequence[Client], seconds: float, first: int = 0) -> Load:
    """All clients at once for so long; `operation` gets its client and a number of its own from `first` on."""
    times: list[float] = []
    errors: list[str] = []
    number = first
    end = time.perf_counter() + seconds

    async def work(client: Client) -> None:
        nonlocal number
        while time.perf_counter() < end:
            number += 1
            begun = time.perf_counter()
            try:
                await operation(client, number)
            except (Refused, OSError, asyncio.IncompleteReadError) as wrong:
                errors.append(str(wrong))
                await client.close()
            else:
                times.append((time.perf_counter() - begun) * 1000)

    begun = time.perf_counter()
    await asyncio.gather(*map(work, clients))
    took = time.perf_counter() - begun
    times.sort()
    if not times:
        raise RuntimeError(f"nothing was answered rightly: {errors[-1:]}")
    last = errors[-1] if errors else ""
    return Load(
        len(times),
        len(times) / took,
        times[len(times) // 2],
        times[len(times) * 95 // 100],
        len(errors),
        last,
    )
