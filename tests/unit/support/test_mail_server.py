"""The mail server of the tests leaves no line open: what stays open is told of a test that knows nothing of it."""

import asyncio

from tests.support.mail_server import mail_server


async def test_a_line_is_closed_with_the_server_whatever_the_other_side_does() -> None:
    async with mail_server() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        assert await reader.readline() == b"220 test\r\n"
    assert server.sessions == set()
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    await writer.wait_closed()
