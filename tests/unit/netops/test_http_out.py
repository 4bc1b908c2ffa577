"""The agent's HTTP client: whole answers or an error, in bounded time."""

import asyncio
import socket

import pytest

from netops.agent.http_out import HttpOut, LineBroken


async def ask(answer: bytes, pause: float = 0.0, timeout_seconds: float = 1.0):
    """What the client makes of these bytes; the server hangs up after them."""

    writers = []

    async def serve(reader, writer):
        writers.append(writer)
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(pause)
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        line = HttpOut(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/prefix/")
        assert line.path("/x") == "/prefix/x"
        return await line.ask("POST", line.path("/x"), {"A": "b"}, b"body", timeout_seconds)
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\nhello",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    ],
)
async def test_an_answer_may_come_in_any_form(answer):
    found = await ask(answer)
    assert (found.status, found.body) == (200, b"hello")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhe",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"garbage\r\n\r\n",
        b"x" * 100_000,
    ],
)
async def test_half_an_answer_is_none(answer):
    with pytest.raises(LineBroken):
        await ask(answer)


async def test_a_server_that_says_nothing_is_given_up():
    with pytest.raises(LineBroken):
        await ask(b"", pause=0.12, timeout_seconds=0.1)


async def test_nobody_there_is_a_broken_line():
    with pytest.raises(LineBroken):
        await HttpOut("http://127.0.0.1:1").ask("GET", "/", {})


async def test_a_name_that_does_not_resolve_is_a_broken_line_and_the_next_ask_is_good_once_it_does(
    monkeypatch,
):
    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    loop = asyncio.get_running_loop()
    resolve, known = loop.getaddrinfo, []

    async def getaddrinfo(host, *rest, **more):
        if host == "ops.example.test" and not known:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return await resolve("127.0.0.1" if host == "ops.example.test" else host, *rest, **more)

    monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
    line = HttpOut(f"http://ops.example.test:{server.sockets[0].getsockname()[1]}")
    with pytest.raises(LineBroken):
        await line.ask("GET", "/", {})
    known.append(True)
    assert (await line.ask("GET", "/", {})).body == b"ok"
    server.close()
