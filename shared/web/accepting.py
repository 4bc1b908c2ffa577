"""Lets connections in some at a time, so that a page that is being made is not behind a thousand that come at once.

uvicorn over uvloop lets in whoever waits before it looks after anything else: a crowd of nodes that find headquarters again kept a page
for a tenth of a second. Here the crowd waits where the system keeps it, in the queue of the listening socket.
"""

import asyncio
import errno
import socket
import sys
from contextlib import suppress
from logging import getLogger
from typing import Any

import uvicorn

from shared.web import precedence

AT_ONCE = 4
"""So many are let in per turn of the loop; while a page is being made one more than go on beside it, every PAGES_FIRST_SECONDS."""
EXHAUSTED_SECONDS = 1.0
"""So long nobody is let in where the system has no more connections."""
EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
TCP_INFO_BYTES, QUEUED_AT = 104, 24
"""Where Linux keeps the length of a listening socket's queue (`tcpi_unacked` of `struct tcp_info`, which counts it there)."""
log = getLogger("uvicorn.error")
_doors: set[socket.socket] = set()
"""The listening sockets of this process."""


def count_outside() -> int:
    """How many connections wait to be let in; 0 where the system does not say."""
    return sum(map(_queued, _doors)) if sys.platform == "linux" else 0


def _queued(door: socket.socket) -> int:
    try:
        told = door.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_BYTES)
    except OSError:  # a system that is Linux by name
        return 0
    return int.from_bytes(told[QUEUED_AT : QUEUED_AT + 4], sys.byteorder)


async def listening(host: str, port: int, backlog: int) -> list[socket.socket]:
    """A listening socket for each address of the host. Raises OSError, for example when the port is taken."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    made: list[socket.socket] = []
    try:
        for family, address in dict.fromkeys((one[0], one[4]) for one in found):
            made.append(socket.create_server(address, family=family, backlog=backlog))
            made[-1].setblocking(False)
    except OSError:
        for one in made:
            one.close()
        raise
    return made


class PatientServer(uvicorn.Server):
    """uvicorn's server with a door of its own."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._listening: list[socket.socket] = []
        self._coming: set[asyncio.Task[Any]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the application, then the door; `started` stays False when it cannot be opened."""
        await super().startup(sockets=[])
        self.started, config = False, self.config
        try:
            self._listening = await listening(config.host, config.port, config.backlog)
        except OSError as error:
            log.error(error)
            await self.lifespan.shutdown()
            self.should_exit = True
            return
        for door in self._listening:
            _doors.add(door)
            self._open(door)
        self.started = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the door, then as uvicorn does."""
        listening, self._listening = self._listening, []
        for door in listening:
            asyncio.get_running_loop().remove_reader(door)
            _doors.discard(door)
            door.close()
        await super().shutdown(sockets)

    def _open(self, door: socket.socket) -> None:
        if door in self._listening:
            asyncio.get_running_loop().add_reader(door, self._let_in, door)

    def _let_in(self, door: socket.socket) -> None:
        """Some of those who wait; the others in the next turn of the loop."""
        at_once = AT_ONCE
        if precedence.is_making():
            self._close_for(door, precedence.PAGES_FIRST_SECONDS)
            at_once = precedence.beside_a_page() + 1
        for _ in range(at_once):
            try:
                connection, _address = door.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in EXHAUSTED:
                    raise
                log.error("no more connections for a moment: %s", error)
                self._close_for(door, EXHAUSTED_SECONDS)
                return
            connection.setblocking(False)
            coming = asyncio.create_task(self._take_on(connection))
            self._coming.add(coming)
            coming.add_done_callback(self._coming.discard)

    def _close_for(self, door: socket.socket, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(door)
        loop.call_later(seconds, self._open, door)

    async def _take_on(self, connection: socket.socket) -> None:
        with suppress(OSError):  # who has gone again
            await asyncio.get_running_loop().connect_accepted_socket(self._protocol, connection)

    def _protocol(self) -> asyncio.Protocol:
        made: Any = self.config.http_protocol_class
        protocol: asyncio.Protocol = made(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return protocol
