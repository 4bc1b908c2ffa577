"""What an answer means, and how lines are used."""

import asyncio

import pytest

from netops.agent.probes import Prober, is_whole, read_status
from netops.agent.settings import Probe


@pytest.mark.parametrize(
    ("head", "answer"),
    [
        (b"HTTP/1.1 200 OK\r\n", "good"),
        (b"HTTP/1.0 302 Found\r\n", "good"),
        (b"HTTP/1.1 404 Not Found\r\n", "good"),
        (b"HTTP/1.1 503 Busy\r\n", "busy"),
        (b"HTTP/1.1 500 Broken\r\n", "bad"),
        (b"SSH-2.0-OpenSSH\r\n", "bad"),
        (b"", "bad"),
        (b"HTTP/1.1", "bad"),
    ],
)
def test_the_first_line_of_an_answer_tells(head, answer):
    assert read_status(head)[0] == answer


@pytest.mark.parametrize(
    ("answer", "whole"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", False),
    ],
)
def test_only_after_a_whole_answer_is_a_line_used_again(answer, whole):
    assert is_whole(answer) is whole


class Server:
    """Answers HTTP on a free port as `mode` says and counts lines."""

    def __init__(self, mode: str = "keep") -> None:
        self.mode, self.lines, self.questions = mode, 0, 0

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.prober = Prober(Probe(url=f"http://127.0.0.1:{port}/healthz"))
        return self

    async def __aexit__(self, *_):
        self.prober.close()
        self._server.close()
        await self._server.wait_closed()
        await asyncio.sleep(0.01)

    async def _serve(self, reader, writer):
        self.lines += 1
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                self.questions += 1
                if self.mode == "silent":
                    await asyncio.sleep(0.5)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                await writer.drain()
                if self.mode == "hang up":
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def ask(self, count=1, moment=None):
        return [(await self.prober.ask(0.2, moment))[0] for _ in range(count)]


async def test_ten_questions_go_over_one_line():
    async with Server() as server:
        assert await server.ask(25) == ["good"] * 25
        assert (server.lines, server.questions) == (3, 25)


async def test_a_server_that_hangs_up_between_questions_is_no_worse():
    async with Server("hang up") as server:
        for _ in range(5):
            assert await server.ask() == ["good"]
            await asyncio.sleep(0.01)


async def test_no_answer_in_time_is_bad_and_the_next_question_dials():
    async with Server("silent") as server:
        assert await server.ask(2) == ["bad", "bad"]
        assert server.lines == 2


@pytest.mark.parametrize("pause", [0.0, 0.02])
async def test_an_answer_is_looked_for_after_a_moment_and_waited_for_when_it_is_late(pause):
    moments = []

    async def moment():
        moments.append(pause)
        await asyncio.sleep(pause)

    async with Server() as server:
        assert await server.ask(12, moment) == ["good"] * 12
        assert (server.lines, server.questions, len(moments)) == (2, 12, 12)
    async with Server("hang up") as server:
        for _ in range(3):
            assert await server.ask(1, moment) == ["good"]
            await asyncio.sleep(0.01)
    async with Server("silent") as server:
        assert await server.ask(1, moment) == ["bad"]


async def test_a_line_may_be_hung_up_while_its_answer_is_due_in_a_moment():
    """The service has ended: its prober is closed and its questions are given up."""
    is_due = asyncio.Event()

    async def moment():
        await is_due.wait()

    async with Server() as server:
        asking = asyncio.create_task(server.prober.ask(0.2, moment))
        await asyncio.sleep(0.01)
        asking.cancel()
        server.prober.close()
        is_due.set()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert await server.ask(1, moment) == ["good"]


async def test_nobody_there_is_bad():
    async with Server() as server:
        prober = server.prober
    assert (await prober.ask(0.2))[0] == "bad"


async def test_a_command_is_good_when_it_ends_with_zero():
    assert await Prober(Probe(kind="command", command=["true"])).ask(5) == ("good", "")
    assert await Prober(Probe(kind="command", command=["false"])).ask(5) == ("bad", "exit 1")
    assert await Prober(Probe(kind="command", command=["sleep", "9"])).ask(0.1) == ("bad", "exit 124")
