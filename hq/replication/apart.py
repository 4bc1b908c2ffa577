"""Taking batches in a process of its own, so that pages and requests do not wait for the interpreter while a crowd is taken over.

The process is a fork of the site, made before the site has threads, a loop or a database: what was loaded is shared memory, and
its start costs nothing. It opens the database when the site says so, finishes what it was given when the site ends in
order, and dies with a site that is killed. When it dies itself, what was at work is refused as a failure of the environment, so
that branches send it again, and the site takes batches itself from then on.
"""

import asyncio
import ctypes
import gc
import os
import pickle
import signal
import socket
import sys
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from time import monotonic, sleep
from typing import Any, cast

import structlog

from hq.figures import crowd
from hq.replication.desk import Desk, Here
from hq.replication.engine import applier_for, applier_of
from hq.replication.groups import TURN
from hq.replication.outcome import Applied, Contact, EnvironmentFailure
from shared.database import Database
from shared.errors import Refused
from shared.lean import give_back
from shared.nodes.identity import SignedRequest

log = structlog.get_logger(__name__)
LENGTH_BYTES = 4
PR_SET_PDEATHSIG = 1
NICENESS = 10
"""Pages go first where there are fewer processors than work."""
SWITCH_SECONDS = 0.0002
"""The thread that writes and the loop that unpacks wait for each other so long at most, each time SQLite has given an answer."""
OPEN_SECONDS, END_SECONDS, LOOK_SECONDS = 60.0, 20.0, 0.01


@contextmanager
def taking_apart(database_url: str) -> Iterator["Apart"]:
    """Fork the process; call it while this one has neither threads nor a loop. At the end of the block it is waited for."""
    ours, theirs = socket.socketpair()
    gc.freeze()
    site = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    if (process := os.fork()) == 0:
        ours.close()
        _live(theirs, database_url, site)
    theirs.close()
    try:
        yield Apart(ours, process, database_url)
    finally:
        ours.close()
        _wait_for(process)


def _wait_for(process: int) -> None:
    """Until the process has ended; it is killed when it takes too long."""
    deadline = monotonic() + END_SECONDS
    while not _has_ended(process):
        if monotonic() > deadline:
            os.kill(process, signal.SIGKILL)
        sleep(LOOK_SECONDS)


def _has_ended(process: int) -> bool:
    """Whether it has; nothing of it is left then."""
    try:
        return os.waitpid(process, os.WNOHANG) != (0, 0)
    except ChildProcessError:
        return True


class Apart:
    """The site's end: a desk whose batches are taken by the process, and by an applier of the site once there is none."""

    def __init__(self, line: socket.socket, process: int, database_url: str) -> None:
        self._line, self.process, self._url = line, process, database_url
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._number = 0
        self._outbox: _Outbox | None = None
        self._hearing: asyncio.Task[None] | None = None
        self._here: Here | None = None
        self._opening = asyncio.Lock()
        self._is_over = False

    async def start(self) -> None:
        """Have the process open the database. Raises what opening raises."""
        reader, writer = await asyncio.open_connection(sock=self._line)
        self._outbox = _Outbox(writer)
        self._hearing = asyncio.create_task(self._hear(reader))
        async with asyncio.timeout(OPEN_SECONDS):
            await self._ask("start")

    async def stop(self) -> None:
        """Until all that was given to the process is answered; it then closes its database and ends."""
        self._is_over = True
        if self._outbox is not None and self._hearing is not None:
            self._outbox.send()
            self._outbox.writer.write_eof()
            await self._hearing
        if self._here is not None:
            await self._here.stop()

    async def batch(self, body: bytes, signed: SignedRequest, key: str) -> Applied:
        if self._outbox is None:
            return await (await self._desk_here()).batch(body, signed, key)
        return cast(Applied, await self._ask("batch", body, signed, key))

    async def cursor(self, contact: Contact) -> Applied:
        if self._outbox is None:
            return await (await self._desk_here()).cursor(contact)
        return cast(Applied, await self._ask("cursor", contact))

    async def _desk_here(self) -> Here:
        """The desk over an applier of this process, opened by whoever needs it first."""
        async with self._opening:
            if self._here is None:
                here = Here(applier_of(self._url))
                await here.start()
                self._here = here
            return self._here

    async def _ask(self, what: str, *values: object) -> object:
        assert self._outbox is not None
        self._number += 1
        number, answer = self._number, asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            self._outbox.put((number, crowd.is_here(), what, values))
            return await answer
        finally:
            del self._waiting[number]

    async def _hear(self, reader: StreamReader) -> None:
        """Give out the answers until the process has ended."""
        try:
            async for number, result, error in _messages(reader):
                answer = self._waiting.get(number)
                if answer is None or answer.done():
                    continue
                if error is not None:
                    answer.set_exception(error)
                else:
                    answer.set_result(result)
        finally:
            self._end()

    def _end(self) -> None:
        """The process has ended, in order or not: whoever still waits is to come again."""
        assert self._outbox is not None
        self._outbox.writer.close()
        self._outbox = None
        waiting = [answer for answer in self._waiting.values() if not answer.done()]
        if not self._is_over:
            log.error("applying_process_ended", process=self.process, at_work=len(waiting))
            asyncio.get_running_loop().call_later(1.0, _has_ended, self.process)
        for answer in waiting:
            answer.set_exception(EnvironmentFailure())


@asynccontextmanager
async def desk_of(database: Database, apart: Apart | None) -> AsyncIterator[Desk]:
    """The desk of a site, for the length of the block."""
    desk = apart or Here(applier_for(database))
    await desk.start()
    try:
        yield desk
    finally:
        await desk.stop()


class _Outbox:
    """Messages for the other end. Those of one turn of the loop leave together, because each piece wakes the other process."""

    def __init__(self, writer: StreamWriter) -> None:
        self.writer = writer
        self._pieces: list[bytes] = []

    def put(self, message: object) -> None:
        """It leaves in this turn of the loop or the next."""
        body = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        if not self._pieces:
            asyncio.get_running_loop().call_soon(self.send)
        self._pieces += [len(body).to_bytes(LENGTH_BYTES), body]

    def send(self) -> None:
        """What is there leaves now; an end that has closed gets nothing."""
        if self._pieces and not self.writer.is_closing():
            self.writer.write(b"".join(self._pieces))
        self._pieces = []


async def _messages(reader: StreamReader) -> AsyncIterator[Any]:
    """What the other end wrote, until it ends; the loop looks after others in between."""
    number = 0
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            size = int.from_bytes(await reader.readexactly(LENGTH_BYTES))
            yield pickle.loads(await reader.readexactly(size))
            number += 1
            if not number % TURN:
                await asyncio.sleep(0)


def _live(line: socket.socket, database_url: str, site: int) -> None:
    """The whole life of the process. It never returns: what the site still has to tidy is not its own."""
    status = 1
    try:
        for ends_with_the_site in (signal.SIGINT, signal.SIGTERM):
            signal.signal(ends_with_the_site, signal.SIG_IGN)
        _die_with(site)
        os.nice(NICENESS)
        sys.setswitchinterval(SWITCH_SECONDS)
        _run(_serve(line, database_url))
        status = 0
    except BaseException as error:
        log.error("applying_process_failed", error=repr(error))
    finally:
        sys.stdout.flush()
        os._exit(status)


def _die_with(site: int) -> None:
    """Be killed when the site is (Linux; elsewhere the end of the line is noticed)."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != site:
        raise ProcessLookupError("the site has gone")


def _run(work: Any) -> None:
    try:
        import uvloop
    except ImportError:
        asyncio.run(work)
    else:
        uvloop.run(work)


async def _serve(line: socket.socket, database_url: str) -> None:
    """Answer until the site says no more, then what is still at work."""
    reader, writer = await asyncio.open_connection(sock=line)
    outbox = _Outbox(writer)
    desk, tasks, is_started = Here(applier_of(database_url)), set[asyncio.Task[None]](), False

    async def answer(number: int, work: Awaitable[Any]) -> None:
        result, failure = None, None
        try:
            result = await work
        except Refused as error:
            failure = error
        except Exception as error:
            log.exception("applying_failed")
            failure = EnvironmentFailure(error)
        outbox.put((number, result, failure))
        if len(tasks) == 1:  # nothing else is at work
            give_back()

    async for number, desk.applier.groups.is_crowd, what, values in _messages(reader):
        is_started = is_started or what == "start"
        task = asyncio.create_task(answer(number, getattr(desk, what)(*values)))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    if tasks:
        await asyncio.wait(tasks)
    if is_started:
        await desk.stop()
    outbox.send()
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
