"""The lines of the demonstration: what a branch says reaches headquarters until a person cuts its line."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from netops.demo.company import Company, read_company
from netops.demo.lines import Lines, set_cut
from tests.support.ports import free_port


@pytest.fixture
async def company() -> AsyncIterator[Company]:
    """Headquarters, which says back what it hears, and Shanghai with a line of its own."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(100):
                writer.write(piece)
        finally:
            writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    found = read_company()
    hq, sh = found.site("headquarters"), found.site("branch-sh")
    sites = [msgspec.structs.replace(hq, port=port), msgspec.structs.replace(sh, line=free_port())]
    yield msgspec.structs.replace(found, sites=sites)
    server.close()


async def said(company: Company, words: bytes) -> bytes:
    """What comes back over the line; nothing when it is cut."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", company.site("branch-sh").line)
        writer.write(words)
        answer = await asyncio.wait_for(reader.read(100), 5)
        writer.close()
    except OSError:
        return b""
    return answer


async def test_a_line_carries_until_it_is_cut_and_again_when_it_is_mended(company: Company, tmp_path: Path) -> None:  # fmt: skip
    lines, shanghai = Lines(company, tmp_path), company.site("branch-sh")
    await lines.open()
    assert await said(company, b"hello") == b"hello"
    reader, writer = await asyncio.open_connection("127.0.0.1", shanghai.line)
    writer.write(b"before")
    assert await reader.read(100) == b"before"
    set_cut(tmp_path, shanghai, True)
    with suppress(ConnectionResetError):
        assert await asyncio.wait_for(reader.read(100), 5) == b"", "an open connection breaks"
    writer.close()
    assert await said(company, b"is anybody there") == b""
    set_cut(tmp_path, shanghai, False)
    assert await said(company, b"again") == b"again"
    await lines.close()


def test_a_branch_reaches_headquarters_over_its_line(tmp_path: Path) -> None:
    company = read_company()
    shanghai = company.find("sh")
    assert shanghai is not None and shanghai.name == "branch-sh"
    env = company.environment(shanghai, tmp_path)
    assert env["TRUNKLINE_HQ_URL"] == f"http://127.0.0.1:{shanghai.line}"
    assert company.find("nobody") is None
