"""The head of an answer and its body leave in one write."""

import asyncio
from collections.abc import Iterable

import pytest

from shared.web.one_write import HeadHeld

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n"


class Line:
    """A transport that notes each write."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def writelines(self, parts: Iterable[bytes]) -> None:
        self.written.append(b"".join(parts))

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed

    def get_extra_info(self, name: str) -> str:
        return f"the line's {name}"


@pytest.fixture
async def line() -> tuple[Line, HeadHeld]:
    line = Line()
    return line, HeadHeld(line, asyncio.get_running_loop())  # type: ignore[arg-type]


async def test_a_head_goes_with_the_beginning_of_its_body_and_the_rest_as_it_comes(
    line: tuple[Line, HeadHeld],
) -> None:
    under, held = line
    held.write(HEAD)
    held.write(b"body")
    held.write(b" and more")
    assert under.written == [HEAD + b"body", b" and more"]
    await asyncio.sleep(0)
    assert len(under.written) == 2, "nothing is said twice"
    assert held.get_extra_info("peer") == "the line's peer"


async def test_the_head_of_a_stream_that_says_nothing_yet_goes_alone_and_at_once(
    line: tuple[Line, HeadHeld],
) -> None:
    under, held = line
    held.write(HEAD)
    assert under.written == []
    await asyncio.sleep(0)
    assert under.written == [HEAD]


async def test_a_line_that_is_closed_says_first_what_was_held(line: tuple[Line, HeadHeld]) -> None:
    under, held = line
    held.write(HEAD)
    held.close()
    await asyncio.sleep(0)
    assert (under.written, under.is_closed) == ([HEAD], True)
