"""A line between a branch and headquarters that can be slow, cut, deaf or doubled: a small TCP proxy for tests.

    with Link(("127.0.0.1", 8400), seed=5) as line:
        branch talks to line.url
        line.cut()            # like a pulled cable: connections die, new ones are refused
        line.mend()

It runs on a loop of its own in a thread, so tests may be written with or without asyncio. Everything random comes from
`seed`, which is printed when the line is opened: the same seed chooses the same faults for the same connections.
"""

import asyncio
import contextlib
import socket
import struct
import sys
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal, TypeVar

T = TypeVar("T")
Way = Literal["up", "down"]
CHUNK = 65_536
QUIET_SECONDS = 0.1
_RESET = struct.pack("ii", 1, 0)


@dataclass
class Faults:
    """What the line does to bytes. `up` is from the branch to headquarters, `down` the answers."""

    delay_seconds: float = 0.0
    jitter_seconds: float = 0.0
    slice_bytes: int = CHUNK
    is_refusing: bool = False
    lost: set[Way] = field(default_factory=set)
    cut_after: dict[Way, list[int]] = field(default_factory=lambda: {"up": [], "down": []})
    duplicates: int = 0
    overtaken: int = 0
    chaos: float = 0.0


@dataclass
class Traffic:
    """What went over the line so far."""

    connections: int = 0
    cut: int = 0
    duplicated: int = 0
    overtaken: int = 0
    bytes: dict[Way, int] = field(default_factory=lambda: {"up": 0, "down": 0})


class Connection:
    """One connection through the line: two pumps, and the limits after which it is cut."""

    def __init__(
        self, near: asyncio.StreamWriter, far: asyncio.StreamWriter, limits: dict[Way, int | None]
    ) -> None:
        self.near, self.far, self.limits = near, far, limits
        self.passed: dict[Way, int] = {"up": 0, "down": 0}
        self.sent = bytearray()
        self.keeps_copy = False

    def reset(self) -> None:
        """Both ends see the connection reset at once; what was on its way is lost."""
        for writer in (self.near, self.far):
            sock = writer.get_extra_info("socket")
            if sock is not None:
                with contextlib.suppress(OSError):
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()


class Link:
    """The proxy. Every method may be called from the test's thread; it takes effect before it returns."""

    def __init__(self, target: tuple[str, int], *, seed: int = 0, name: str = "line") -> None:
        self.target = target
        self.name = name
        self.seed = seed
        self.dice = Random(seed)
        self.faults = Faults()
        self.traffic = Traffic()
        self.port = 0
        self._open = asyncio.Event()
        self._mended = asyncio.Event()
        self._connections: set[Connection] = set()
        self._late: list[bytes] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._is_over = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)

    def __enter__(self) -> "Link":
        self._thread.start()
        self._run(self._listen())
        print(f"{self.name}: seed {self.seed}, port {self.port} -> {self.target[1]}", file=sys.stderr)
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    @property
    def url(self) -> str:
        """Where the branch finds headquarters."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def live(self) -> int:
        """Connections that are open now."""
        return len(self._connections)

    # --- faults -----------------------------------------------------------------------------------------------

    def cut(self) -> None:
        """Pull the cable: all connections are reset, new ones refused, until `mend`."""
        self._set(self._cut)

    def mend(self) -> None:
        """The line works as if nothing had been: no fault is left."""
        self._set(self._mend)

    def drop(self) -> None:
        """Reset all connections once; new ones work."""
        self._set(self._drop)

    def hang(self) -> None:
        """Half-open: connections stay and are accepted, but not a byte passes, until `mend`; then it goes on."""
        self._set(self._open.clear)

    def lose(self, way: Way) -> None:
        """Swallow what goes that way: with "down" headquarters does the work and its answers never arrive."""
        self._set(lambda: self._lose(way))

    def slow(self, delay_seconds: float, jitter_seconds: float = 0.0, slice_bytes: int = CHUNK) -> None:
        """Hold back each piece of at most `slice_bytes` for a while."""
        self._set(lambda: self._slow(delay_seconds, jitter_seconds, slice_bytes))

    def cut_after(self, count: int, way: Way = "up", times: int = 1) -> None:
        """Reset the next `times` connections when exactly `count` bytes have gone that way."""
        self._set(lambda: self.faults.cut_after[way].extend([count] * times))

    def duplicate(self, times: int = 1) -> None:
        """Send everything that the next `times` connections sent once more, on a second connection."""
        self._set(lambda: self.faults.__setattr__("duplicates", times))

    def overtake(self, times: int = 1) -> None:
        """Hold back what the next `times` connections send until another connection was answered, then deliver it: requests
        arrive in another order than they were sent. The sender sees its connection reset."""
        self._set(lambda: self.faults.__setattr__("overtaken", times))

    def misbehave(self, share: float) -> None:
        """From now on about this share of connections is cut after some bytes, up or down, is doubled or overtaken."""
        self._set(lambda: self.faults.__setattr__("chaos", share))

    # --- inside -----------------------------------------------------------------------------------------------

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def _set(self, change: Callable[[], object]) -> None:
        async def apply() -> None:
            change()

        self._run(apply())

    def _cut(self) -> None:
        self.faults.is_refusing = True
        self._drop()

    def _drop(self) -> None:
        for connection in list(self._connections):
            self._reset(connection)

    def _slow(self, delay_seconds: float, jitter_seconds: float, slice_bytes: int) -> None:
        self.faults.delay_seconds, self.faults.jitter_seconds = delay_seconds, jitter_seconds
        self.faults.slice_bytes = slice_bytes

    def _lose(self, way: Way) -> None:
        self.faults.lost.add(way)
        self._mended.clear()

    def _mend(self) -> None:
        self.faults = Faults()
        self._open.set()
        self._mended.set()

    def _reset(self, connection: Connection) -> None:
        if connection in self._connections:
            self.traffic.cut += 1
            self._connections.discard(connection)
            connection.reset()

    async def _listen(self) -> None:
        self._open.set()
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        """Nobody is let in any more before the server ends: asyncio forgets whoever is let in while it does (3.11)."""
        self._is_over = True
        if self._server is not None:
            for listening in self._server.sockets:
                self._loop.remove_reader(listening.fileno())
            await asyncio.sleep(0.01)
            self._server.close()
        self._drop()
        self._mend()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0.01)  # the loop closes their sockets in its next round

    async def _accept(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._serve(reader, near)
        except (OSError, asyncio.CancelledError):
            near.transport.abort()
        finally:
            self._tasks.discard(task)

    async def _serve(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        """1 refuse, hold back, or reach the far end  2 pump both ways until one end is done  3 once more, if asked."""
        if self.faults.is_refusing or self._is_over:
            Connection(near, near, {}).reset()
            return
        self.traffic.connections += 1
        if self._is_overtaken():
            await self._hold_back(reader, near)
            return
        answers, far = await asyncio.open_connection(*self.target)
        if self.faults.is_refusing or self._is_over:  # cut while we dialled
            Connection(near, far, {}).reset()
            return
        connection = Connection(near, far, self._limits())
        connection.keeps_copy = self._is_doubled()
        self._connections.add(connection)
        try:
            await asyncio.gather(
                self._pump(reader, far, "up", connection), self._pump(answers, near, "down", connection)
            )
        finally:
            self._connections.discard(connection)
            for writer in (near, far):
                writer.close()
                self._writers.add(writer)
        if connection.keeps_copy:
            self.traffic.duplicated += 1
            await self._again(bytes(connection.sent))

    def _limits(self) -> dict[Way, int | None]:
        limits: dict[Way, int | None] = {
            "up": self.faults.cut_after["up"].pop(0) if self.faults.cut_after["up"] else None,
            "down": self.faults.cut_after["down"].pop(0) if self.faults.cut_after["down"] else None,
        }
        if self.dice.random() < self.faults.chaos:
            way: Way = self.dice.choice(("up", "down"))
            limits[way] = self.dice.choice((0, 1, self.dice.randrange(4_000), self.dice.randrange(200_000)))
        return limits

    def _is_doubled(self) -> bool:
        if self.faults.duplicates > 0:
            self.faults.duplicates -= 1
            return True
        return self.dice.random() < self.faults.chaos / 4

    def _is_overtaken(self) -> bool:
        if self.faults.overtaken > 0:
            self.faults.overtaken -= 1
            return True
        return self.dice.random() < self.faults.chaos / 4

    async def _hold_back(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        """Keep what is sent up to the first pause."""
        sent = b""
        with contextlib.suppress(TimeoutError, OSError):
            while piece := await asyncio.wait_for(reader.read(CHUNK), QUIET_SECONDS):
                sent += piece
        Connection(near, near, {}).reset()
        if sent:
            self._late.append(sent)

    def _let_go(self) -> None:
        """What was held back goes its way now."""
        late, self._late = self._late, []
        for sent in late:
            self.traffic.overtaken += 1
            task = asyncio.ensure_future(self._again(sent))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Way, connection: Connection
    ) -> None:
        """Carry bytes one way until the end, or until the limit of the connection."""
        with contextlib.suppress(OSError):
            while piece := await reader.read(self.faults.slice_bytes):
                await self._hold()
                if way in self.faults.lost:
                    continue
                limit = connection.limits.get(way)
                if limit is not None:
                    piece = piece[: limit - connection.passed[way]]
                if connection.keeps_copy and way == "up":
                    connection.sent += piece
                connection.passed[way] += len(piece)
                self.traffic.bytes[way] += len(piece)
                writer.write(piece)
                await writer.drain()
                if way == "down":
                    self._let_go()
                if limit is not None and connection.passed[way] >= limit:
                    await asyncio.sleep(0.01)
                    self._reset(connection)
                    return
            await self._open.wait()
            if way in self.faults.lost:
                await self._mended.wait()
            if not writer.is_closing():
                writer.write_eof()

    async def _hold(self) -> None:
        """Wait as long as the line makes bytes wait."""
        if self.faults.delay_seconds or self.faults.jitter_seconds:
            await asyncio.sleep(self.faults.delay_seconds + self.dice.random() * self.faults.jitter_seconds)
        await self._open.wait()

    async def _again(self, sent: bytes) -> None:
        """The same bytes on a connection of their own; what comes back is read and thrown away."""
        answers, far = await asyncio.open_connection(*self.target)
        try:
            far.write(sent)
            await far.drain()
            await asyncio.wait_for(answers.read(), 1.0)
        except (TimeoutError, OSError):
            return
        finally:
            far.close()
            self._writers.add(far)
