"""The line does to a connection exactly what it is told to, and the same again for the same seed."""

import asyncio
import gc
import socket
import threading
import time
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.link import Link


class Echo:
    """Answers each connection with what it said, and remembers it."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self.socket.getsockname()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                link, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(link,), daemon=True).start()

    def _answer(self, link: socket.socket) -> None:
        said = b""
        place = len(self.heard)
        self.heard.append(said)
        with link:
            try:
                while piece := link.recv(65_536):
                    said += piece
                    self.heard[place] = said
                    link.sendall(piece)
            except OSError:
                return


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.socket.close()


@pytest.fixture
def line(echo: Echo) -> Iterator[Link]:
    with Link(echo.address, seed=3) as found:
        yield found


def talk(line: Link, words: bytes, patience: float = 2.0) -> bytes:
    """What comes back for `words`; raises what the line does to us."""
    with socket.create_connection(("127.0.0.1", line.port), timeout=patience) as link:
        link.sendall(words)
        link.shutdown(socket.SHUT_WR)
        back = b""
        while piece := link.recv(65_536):
            back += piece
        return back


def until(condition: object, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "did not come true"
        time.sleep(0.005)


def test_without_faults_bytes_pass_both_ways(line: Link, echo: Echo) -> None:
    words = bytes(range(256)) * 2_000
    assert talk(line, words) == words
    assert echo.heard == [words]
    until(lambda: line.live == 0)
    assert line.traffic.bytes == {"up": len(words), "down": len(words)}


def test_a_cut_line_refuses_until_it_is_mended(line: Link) -> None:
    line.cut()
    with pytest.raises(OSError):
        talk(line, b"hello")
    line.mend()
    assert talk(line, b"hello") == b"hello"


def test_a_cut_resets_what_is_open(line: Link) -> None:
    with socket.create_connection(("127.0.0.1", line.port), timeout=2) as link:
        link.sendall(b"one")
        assert link.recv(3) == b"one"
        line.cut()
        with pytest.raises(ConnectionResetError):
            link.recv(1)


def test_a_cut_resets_what_is_only_being_dialled(
    line: Link, echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    dial = asyncio.open_connection

    async def cut_meanwhile(*target: Any) -> Any:
        ends = await dial(*target)
        line.faults.is_refusing = True
        return ends

    monkeypatch.setattr(asyncio, "open_connection", cut_meanwhile)
    with pytest.raises(ConnectionResetError):
        talk(line, b"hello")
    assert line.live == 0
    assert not any(echo.heard)


def test_a_dropped_connection_can_be_made_again(line: Link) -> None:
    with socket.create_connection(("127.0.0.1", line.port), timeout=2) as link:
        link.sendall(b"one")
        assert link.recv(3) == b"one"
        line.drop()
        with pytest.raises(ConnectionResetError):
            link.recv(1)
    assert talk(line, b"two") == b"two"


@pytest.mark.parametrize("count", [0, 1, 5, 70_000])
def test_it_cuts_after_exactly_so_many_bytes(line: Link, echo: Echo, count: int) -> None:
    line.cut_after(count, "up")
    with pytest.raises(ConnectionResetError):
        talk(line, b"x" * 200_000)
    until(lambda: line.live == 0)
    assert line.traffic.bytes["up"] == count
    until(lambda: sum(map(len, echo.heard)) == count)
    assert talk(line, b"again") == b"again"


def test_it_cuts_the_answer_while_the_request_has_arrived(line: Link, echo: Echo) -> None:
    line.cut_after(4, "down")
    with pytest.raises(ConnectionResetError):
        talk(line, b"important")
    assert echo.heard == [b"important"]


def test_lost_answers_leave_the_work_done(line: Link, echo: Echo) -> None:
    line.lose("down")
    with pytest.raises(TimeoutError):
        talk(line, b"important", patience=0.3)
    assert echo.heard == [b"important"]


def test_a_hanging_line_goes_on_where_it_stood(line: Link, echo: Echo) -> None:
    line.hang()
    with socket.create_connection(("127.0.0.1", line.port), timeout=0.3) as link:
        link.sendall(b"hello")
        with pytest.raises(TimeoutError):
            link.recv(5)
        assert b"".join(echo.heard) == b""
        line.mend()
        link.settimeout(2)
        assert link.recv(5) == b"hello"


def test_a_slow_line_takes_its_time(line: Link) -> None:
    line.slow(0.05, slice_bytes=10)
    started = time.monotonic()
    assert talk(line, b"y" * 40) == b"y" * 40
    assert time.monotonic() - started >= 0.2


def test_a_doubled_connection_is_heard_twice(line: Link, echo: Echo) -> None:
    line.duplicate()
    assert talk(line, b"pay 100") == b"pay 100"
    until(lambda: echo.heard == [b"pay 100", b"pay 100"])
    assert talk(line, b"once") == b"once"
    until(lambda: line.live == 0)
    assert echo.heard == [b"pay 100", b"pay 100", b"once"]


def test_an_overtaken_connection_is_heard_after_the_one_that_was_sent_later(line: Link, echo: Echo) -> None:
    line.overtake()
    with pytest.raises(OSError):
        assert talk(line, b"sent first") == b"sent first"
    assert echo.heard == []
    assert talk(line, b"sent second") == b"sent second"
    until(lambda: len(echo.heard) == 2)
    until(lambda: echo.heard == [b"sent second", b"sent first"])
    assert line.traffic.overtaken == 1


def faults_of(echo: Echo, seed: int) -> list[int]:
    """How many bytes of each of some connections came through a misbehaving line."""
    with Link(echo.address, seed=seed) as line:
        line.misbehave(0.6)
        found = []
        for _ in range(12):
            before = line.traffic.bytes["up"]
            try:
                talk(line, b"z" * 6_000)
            except OSError:
                pass
            until(lambda: line.live == 0)
            found.append(min(line.traffic.bytes["up"] - before, 6_000))
        return found


def test_the_same_seed_misbehaves_in_the_same_way(echo: Echo) -> None:
    first, second = faults_of(echo, 9), faults_of(echo, 9)
    assert [count for count in first if count < 6_000] == [count for count in second if count < 6_000]
    assert min(first) < 6_000


def test_the_seed_is_printed(echo: Echo, capsys: pytest.CaptureFixture[str]) -> None:
    with Link(echo.address, seed=41, name="SH"):
        pass
    assert "SH: seed 41" in capsys.readouterr().err


def test_a_line_that_ends_leaves_no_connection_open(echo: Echo) -> None:
    """Also of those who are let in at the very moment."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for _ in range(40):
            with Link(echo.address, seed=3) as line:
                callers = [socket.create_connection(("127.0.0.1", line.port)) for _ in range(3)]
            for caller in callers:
                caller.close()
        gc.collect()
    assert [str(one.message) for one in told if issubclass(one.category, ResourceWarning)] == []
