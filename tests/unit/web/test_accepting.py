"""The door of a site: some at a time, none lost, and what it does when the port is taken or the system has no more connections."""

import asyncio
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from shared.web import accepting, precedence
from shared.web.accepting import AT_ONCE, PatientServer, count_outside
from tests.support.ports import free_port
from tests.support.processes import wait_until

CROWD = 60
ASK = b"GET / HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n"
ALONE = """
import sys
from shared.web.serving import serve_until_stopped
async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})
sys.exit(0 if serve_until_stopped(app, "127.0.0.1", int(sys.argv[1])) else 7)
"""


async def answering(scope: Any, receive: Any, send: Any) -> None:
    """204 to everybody."""
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def growth(server: PatientServer, port: int, pages: int) -> list[int]:
    """A crowd connects while so many pages are being made: how many more are let in with each turn of the loop until all are."""
    waiting = [socket.create_connection(("127.0.0.1", port)) for _ in range(CROWD)]
    steps, here = [], 0
    with ExitStack() as stack:
        for _ in range(pages):
            stack.enter_context(precedence.making())
        while here < CROWD:
            await asyncio.sleep(0)
            before, here = here, len(server.server_state.connections)
            steps.append(here - before)
    for one in waiting:
        one.close()
    return steps


def test_who_waits_outside_is_counted_before_anybody_is_let_in() -> None:
    port = free_port()

    async def play() -> list[int]:
        server = PatientServer(uvicorn.Config(answering, port=port, log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        waiting = [socket.create_connection(("127.0.0.1", port)) for _ in range(CROWD)]
        counts = [count_outside()]
        await asyncio.sleep(0)
        counts.append(count_outside() + len(server._coming) + len(server.server_state.connections))
        while len(server.server_state.connections) < CROWD:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        counts.append(count_outside())
        for one in waiting:
            one.close()
        server.should_exit = True
        await serving
        return [*counts, count_outside()]

    assert asyncio.run(play()) == [CROWD, CROWD, 0, 0]


def test_where_the_system_does_not_say_who_waits_outside_nobody_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed = socket.socket()
    closed.close()
    monkeypatch.setattr(accepting, "_doors", {closed})
    assert count_outside() == 0


@pytest.mark.parametrize("pages", [0, 1])
def test_of_a_crowd_some_are_let_in_with_each_turn_and_beside_a_page_only_now_and_then(pages: int) -> None:
    port = free_port()

    async def play() -> tuple[list[int], float]:
        server = PatientServer(uvicorn.Config(answering, port=port, log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        begun = time.monotonic()
        steps = await growth(server, port, pages)
        took = time.monotonic() - begun
        server.should_exit = True
        await serving
        return steps, took

    steps, took = asyncio.run(play())
    assert sum(steps) == CROWD
    assert max(steps) <= AT_ONCE
    assert took >= pages * (CROWD / AT_ONCE - 1) * precedence.PAGES_FIRST_SECONDS


def test_a_taken_port_is_told_and_not_served() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        config = uvicorn.Config(answering, port=taken.getsockname()[1], log_config=None, lifespan="off")
        server = PatientServer(config)
        server.run()
    assert not server.started


@pytest.fixture
def alone() -> Iterator[tuple[int, int]]:
    """A process that serves: its number and its port."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", ALONE, str(port)])
    try:
        wait_until(lambda: is_answered(port, 1.0), 20, "it serves")
        yield process.pid, port
    finally:
        process.terminate()
        process.wait(20)


def is_answered(port: int, seconds: float) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
            connection.sendall(ASK)
            return connection.recv(100).startswith(b"HTTP/1.1 204")
    except OSError:
        return False


def test_where_the_system_has_no_more_connections_people_wait_and_are_served_later(
    alone: tuple[int, int],
) -> None:
    pid, port = alone
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    taken = {int(name) for name in os.listdir(Path("/proc", str(pid), "fd"))}
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (min(set(range(len(taken) + 1)) - taken), hard))
    with socket.create_connection(("127.0.0.1", port), timeout=10) as waiting:
        waiting.sendall(ASK)
        waiting.settimeout(0.5)
        with pytest.raises(TimeoutError):
            waiting.recv(100)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))
        waiting.settimeout(10)
        assert waiting.recv(100).startswith(b"HTTP/1.1 204")
    assert is_answered(port, 5.0)
